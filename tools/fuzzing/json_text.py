"""JSON whose values, keys and members are changed one by one, so that most of it stays JSON."""

from __future__ import annotations

import re
from random import Random

from tools.fuzzing.octets import changed, often

__all__ = ["Json"]

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[-+.\w]+|[\[\]{}]')
_VALUES = (
    *(b"0", b"-1", b"1", b"7", b"2147483647", b"2147483648", b"-2147483649", b"4294967296"),
    *(b"9007199254740993", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809"),
    *(b"4611686018427387904", b"18446744073709551616", b"1e308", b"1e400", b"-1e-300", b"0.1"),
    *(b"1.5", b"1712867402348256.123456789", b"1" + b"0" * 40, b"1" * 5000, b"-0", b"NaN"),
    *(b"Infinity", b"-Infinity", b"null", b"true", b"false", b"[]", b"{}", b"[1,2,3]", b"[[[[]]]]"),
    *(b'{"a":{"b":[]}}', b"[" * 80 + b"]" * 80, b"[" * 3000 + b"]" * 3000, b"[1,", b'{"a"'),
    *(b'""', b'"k"', b'"7"', b'"-1"', b'"\\ud800"', b'"\\u0000"', b'"\\ud83d\\ude00"', b'"\xff"'),
    *(b'"\\u001b]0;x\\u0007"', b'"<img src=x onerror=1>"', b'"' + b"n" * 70000 + b'"'),
    *(b'"X"', b'"B"', b'"E"', b'"i"', b'"M"', b'"s"', b'"kernel"', b'"gpu_memcpy"', b'"cpu_op"'),
    *(b'"cuda_runtime"', b'"cuda_sync"', b'"gpu_memset"', b'"user_annotation"', b'"ac2g"'),
    *(b'"gpu_user_annotation"', b'"overhead"', b'"Memcpy HtoD (Pageable -> Device)"'),
    *(b'"nccl:all_reduce"', b'"gemm Core7 CTA3"', b'"warp 0 (line 0)"', b'"thread_name"'),
    *(b'"traceEvents"', b'"args"', b'"ts"', b'"dur"', b'"cat"', b'"name"', b'"ph"', b'"id"'),
)


class Json:
    """See :class:`tools.fuzzing.octets.Seed`."""

    def __init__(self, content: bytes, others: tuple[bytes, ...] = ()) -> None:
        self.content = content
        self._others = others or (content,)
        self._spans = list(_spans(content))

    def mutated(self, rng: Random) -> bytes:
        """Mostly a document with one value changed, now and then with bytes changed too."""
        data = self._value_changed(rng) if rng.random() < 0.75 else self.content
        if data is self.content or rng.random() < 0.15:
            for _ in range(often(rng)):
                data = changed(data, rng, self._others)
        return data

    def _value_changed(self, rng: Random) -> bytes:
        # From the last place to the first, so that the others stay where they are.
        chosen = sorted((rng.choice(self._spans) for _ in range(often(rng))), reverse=True)
        data, before = self.content, len(self.content)
        for start, end in chosen:
            if end <= before:
                data = data[:start] + self._instead(rng, start, end) + data[end:]
                before = start
        return data

    def _instead(self, rng: Random, start: int, end: int) -> bytes:
        kind, there = rng.randrange(8), self.content[start:end]
        if kind == 0:
            return there + b"," + there
        if kind == 1:
            return (there + b",") * rng.choice((2, 20)) + there
        if kind == 2:
            other = rng.choice(self._spans)
            return self.content[slice(*other)]
        if kind == 3:
            return b""
        if kind == 4 and there.isdigit():
            return str(int(there[:400]) + rng.choice((-1, 1, -1000, 10**6, 2**62))).encode()
        return rng.choice(_VALUES)


def _spans(content: bytes) -> list[tuple[int, int]]:
    """Where each string, number, word, array and object begins and ends."""
    found, opened = [], []
    for match in _TOKEN.finditer(content):
        if match[0] in b"[{":
            opened.append(match.start())
        elif match[0] in b"]}":
            found.append((opened.pop(), match.end()))
        else:
            found.append(match.span())
    return found
