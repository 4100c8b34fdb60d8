"""Changes of bytes that know nothing of what they mean."""

from __future__ import annotations

from random import Random
from typing import Protocol

__all__ = ["Octets", "Seed", "changed", "integer"]

_EDGES = (
    *(0, 1, 2, 3, 7, 15, 16, 63, 64, 100, 127, 128, 129, 255, 256, 1000, 4095, 4096, 32767),
    *(32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**60, 2**62),
    *(2**63 - 1, 2**63, 2**64 - 1),
)
_TOKENS = (
    *(b"\0", b"\xff", b"\n", b"\r\n", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"-"),
    *(b"\x1b]0;x\x07", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\xc0\x80", b"\x80" * 11, b"\xff" * 9),
    *(b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"<script>", b"../", b"/etc/passwd", b"[" * 100),
)
_LONGEST = 64


class Seed(Protocol):
    """A sound file, and how to change it."""

    content: bytes

    def mutated(self, rng: Random) -> bytes:
        """Another file, which may be unsound."""
        ...


class Octets:
    """A file whose form nobody knows; ``others`` are spliced into it."""

    def __init__(self, content: bytes, others: tuple[bytes, ...] = ()) -> None:
        self.content = content
        self._others = others or (content,)

    def mutated(self, rng: Random) -> bytes:
        """See :class:`Seed`."""
        data = self.content
        for _ in range(often(rng)):
            data = changed(data, rng, self._others)
        return data


def often(rng: Random) -> int:
    """How many changes: mostly one, now and then several."""
    return min(1 + int(rng.expovariate(1.0)), 8)


def integer(rng: Random) -> int:
    """A number that is often at an edge of what some type holds."""
    if rng.random() < 0.8:
        return rng.choice(_EDGES)
    return rng.getrandbits(rng.randrange(1, 65))


def changed(data: bytes, rng: Random, others: tuple[bytes, ...] = ()) -> bytes:
    """One change at a random place."""
    if not data:
        return rng.choice(_TOKENS)
    at, kind = rng.randrange(len(data)), rng.randrange(9)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if kind == 2:
        width = rng.choice((1, 2, 4, 8))
        value = integer(rng) % (1 << 8 * width)
        return data[:at] + value.to_bytes(width, rng.choice(("little", "big"))) + data[at + width :]
    length = min(1 + int(rng.expovariate(1 / 12)), _LONGEST)
    if kind == 3:
        return data[:at] + data[at + length :]
    if kind == 4:
        return data[: at + length] * 1 + data[at:]
    if kind == 5:
        return data[:at] + rng.choice(_TOKENS) + data[at + rng.choice((0, length)) :]
    if kind == 6:
        return data[:at] + rng.randbytes(length) + data[at + length :]
    if kind == 7 and others:
        other = rng.choice(others)
        return data[:at] + other[rng.randrange(len(other) + 1) :]
    return data[:at]
