"""The text of a device file: every number with what it was fitted from."""

from __future__ import annotations

import dataclasses
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from timeline.calibration.calibrate import Calibration, Fitted
from timeline.calibration.recordings import HELD_OUT_RULE

__all__ = ["device_file"]

WIDTH = 96
COLUMN = 34
NONE = "–"

HEADING = re.compile(r"\[([\w.]+)\](?:\s*# (.+))?")
VALUE = re.compile(r"(\w+) = .*?(?:\s*# (.+))?")


def device_file(found: Calibration, base: str, base_text: str = "") -> str:
    """TOML text of a fitted device.

    Parameters
    ----------
    base : str
        Name of the device that gives what was not told.
    base_text : str
        Its file: what it remarks on numbers goes over with them.
    """
    known = remarks(base_text)
    if found.base.name != found.gpu:
        known = {place: _of_base(text, base) for place, text in known.items()}
    lines = [*_head(found, base)]
    values = dataclasses.asdict(found.base)
    values |= {"name": found.gpu, "source": _source(found)}
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    for key, value in values.items():
        if key not in tables and key != "calibration":
            lines.append(f"{key} = {_toml(value)}")
    for section, table in tables.items():
        if section != "calibration":
            lines += ["", *_table(found, section, table, known)]
    lines += ["", *_provenance(found)]
    return "\n".join(lines) + "\n"


def remarks(text: str) -> dict[str, str]:
    """Comments of a device file by ``section.key``: behind a value, above it, or of its section."""
    section, general, above, found = "", "", "", {}
    for line in text.splitlines():
        if heading := HEADING.fullmatch(line):
            section, general, above = heading[1], heading[2] or "", ""
        elif line.startswith("#"):
            above = line.lstrip("# ")
        elif value := VALUE.fullmatch(line):
            remark = value[2] or above or general
            if remark:
                found[f"{section}.{value[1]}"] = remark
            above = ""
    return found


def _of_base(remark: str, base: str) -> str:
    """A remark on a number of another device; what holds of both stays as it is."""
    return remark if remark[0] in "AG" else f"{base}: {remark}"


def _source(found: Calibration) -> str:
    probes = f" and {', '.join(found.probes)}" if found.probes else ""
    return f"timeline calibrate: {len(found.used)} recordings, the last of {found.date}{probes}"


def _head(found: Calibration, base: str) -> Iterator[str]:
    text = (
        f"{found.gpu}, made by `timeline calibrate`; make it anew rather than change it. "
        "Beside each number: R, the recordings it was fitted from, with the median error and the "
        "95th percentile on them | on those held out; P, the entry of the probes (python -m "
        "benchmarks.semantics); M, measured before; D, a property that the driver reports; G, CUDA "
        "C++ Programming Guide, technical specifications; A, assumed. "
        f"What recordings and probes don't tell is as in {base}."
    )
    yield from (f"# {line}" for line in textwrap.wrap(text, WIDTH))


def _table(
    found: Calibration, section: str, table: Mapping[str, Any], known: Mapping[str, str]
) -> Iterator[str]:
    yield f"[{section}]"
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    for key in table:
        if key not in inner:
            yield from _line(found, section, key, table[key], known)
    for key, values in inner.items():
        place = f"{section}.{key}"
        named = [p.removeprefix(f"{place}.") for p in found.values if p.startswith(f"{place}.")]
        yield ""
        yield f"[{place}]"
        for name in dict.fromkeys((*values, *sorted(named))):
            yield from _line(found, place, name, values.get(name), known)


def _line(
    found: Calibration, section: str, key: str, value: Any, known: Mapping[str, str]
) -> Iterator[str]:
    place = f"{section}.{key}"
    fitted = found.values.get(place)
    text = f"{key} = {_toml(value if fitted is None else fitted.value)}"
    remark = known.get(place, "") if fitted is None else _remark(fitted)
    whole = f"{text:<{COLUMN}}  # {remark}"
    if not remark:
        yield text
    elif len(whole) <= WIDTH:
        yield whole
    else:
        yield f"# {remark}"
        yield text


def _remark(fitted: Fitted) -> str:
    if fitted.source == "probes":
        made = f"P {fitted.entry}"
    else:
        made = f"R {fitted.recordings}, {fitted.entry}"
    if fitted.fitted or fitted.held_out:
        made += f": {fitted.fitted or NONE} | {fitted.held_out or NONE}"
    return made


def _provenance(found: Calibration) -> Iterator[str]:
    yield "[calibration]"
    yield f"rule = {_toml(HELD_OUT_RULE)}"
    yield f"date = {_toml(found.date)}"
    for key, names in (
        ("probes", found.probes),
        ("recordings", found.used),
        ("held_out", found.held_out),
    ):
        yield f"{key} = ["
        yield from (f"    {_toml(name)}," for name in names)
        yield "]"


def _toml(value: Any) -> str:
    """A value as TOML writes it; numbers of curves without a needless fraction."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        pairs = value and isinstance(value[0], list | tuple)
        return f"[{', '.join(_toml(_short(v) if not pairs else v) for v in value)}]"
    return str(value)


def _short(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
