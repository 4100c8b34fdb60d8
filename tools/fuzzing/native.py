"""Native traces, folders and zips, with a member changed and its checksum mostly made right."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from random import Random

from tools.fuzzing.json_text import Json
from tools.fuzzing.octets import Octets, changed, often

__all__ = ["Folder", "zipped"]

_META = "meta.json"
_FOOTER = 8
_NAMES = ("../evil", "/etc/evil", "a\\b", "meta.json", "x/meta.json", "", "\0", "a" * 5000)


class Folder:
    """A sound trace, and how to change it."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self.members = dict(members)
        self._meta = Json(self.members[_META])
        others = tuple(content for name, content in members.items() if name != _META)
        self._parts = {n: Octets(c, others) for n, c in members.items() if n != _META}

    def mutated(self, rng: Random) -> dict[str, bytes]:
        """The members that differ; one that is empty is to be taken away."""
        if rng.random() < 0.35:
            return {_META: self._meta.mutated(rng)}
        name = rng.choice(sorted(self._parts))
        if rng.random() < 0.03:
            return {name: b""}
        before = self.members[name]
        if rng.random() < 0.5:
            after = self._parts[name].mutated(rng)
        else:
            after = before
            for _ in range(often(rng)):
                after = _footer_changed(after, rng)
        if rng.random() < 0.05:
            return {name: after}
        crc = re.compile(rb"(?<!\d)%d(?!\d)" % zlib.crc32(before))
        return {name: after, _META: crc.sub(b"%d" % zlib.crc32(after), self.members[_META])}


def _footer_changed(part: bytes, rng: Random) -> bytes:
    """A Parquet file with other metadata, whose length at the end is made right."""
    length = int.from_bytes(part[-_FOOTER:-4], "little")
    begin = max(len(part) - _FOOTER - length, 0)
    footer = changed(part[begin:-_FOOTER], rng)
    return part[:begin] + footer + len(footer).to_bytes(4, "little") + part[-4:]


def zipped(members: Mapping[str, bytes], rng: Random) -> bytes:
    """The members as a zip, now and then one that no tool would write."""
    warnings.simplefilter("ignore", UserWarning)  # of the zip module, at names that are there twice
    sink = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if rng.random() < 0.2 else zipfile.ZIP_STORED
    with zipfile.ZipFile(sink, "w", method) as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content, method)
        if rng.random() < 0.05:
            file.writestr(zipfile.ZipInfo(rng.choice(_NAMES) or "x"), b"{}")
    data = sink.getvalue()
    for _ in range(often(rng) if rng.random() < 0.4 else 0):
        data = _directory_changed(data, rng) if rng.random() < 0.5 else changed(data, rng)
    return data


def _directory_changed(data: bytes, rng: Random) -> bytes:
    """With another byte among what the end of the zip says of its members."""
    at = data.find(b"PK\x01\x02")
    place = rng.randrange(max(at, 0), len(data))
    return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]
