"""The baseline's file: JSON, one figure a line, so that a change reads well in a diff."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from timeline.check.baseline import Baseline, Entry
from timeline.check.figures import Name
from timeline.check.identity import Identity
from timeline.check.measures import MEASURES
from timeline.check.observed import Place, Values
from timeline.check.scopes import Scope
from timeline.check.sketch import COLUMNS, Sketch
from timeline.errors import UsageError
from timeline.trace.files import as_output_error, write_file

__all__ = ["VERSION", "baseline_of", "baseline_text", "read_baseline", "write_baseline"]

Json = Any

FORMAT, VERSION = "timeline-baseline", 1
"""What the file says it is; a reader refuses another version."""

MOST_BYTES = 64 * 2**20

_NUMBERS = re.compile(r"\[\n\s+([^\[\]{}\"]*?)\n\s*\]")
_NAME = re.compile(r"(\w+)(?:\[(.*)\])?", re.DOTALL)


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write the file, whole or not at all.

    Parameters
    ----------
    path : Path
        Where to; a file that is there is replaced.

    Raises
    ------
    OutputError
        When the system refuses.
    """
    with as_output_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, (baseline_text(baseline) + "\n").encode())


def baseline_text(baseline: Baseline) -> str:
    """What the file holds."""
    value = {
        "format": FORMAT,
        "version": VERSION,
        "entries": [_entry_json(entry) for entry in baseline.entries],
    }
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def _entry_json(entry: Entry) -> Json:
    return {
        **entry.identity.to_json(),
        "provenance": dict(entry.provenance),
        "figures": [
            {
                "scope": str(place.scope),
                "device": place.device,
                "values": {str(name): _plain(v.values) for name, v in figures.items()},
                "of_ns": {
                    str(name): round(v.of_ns) for name, v in figures.items() if v.of_ns is not None
                },
            }
            for place, figures in entry.figures.items()
        ],
        "sketch": {
            "words": list(entry.sketch.words),
            **{key: entry.sketch.columns[key].tolist() for key in COLUMNS},
        },
    }


def _plain(values: Sequence[float]) -> list[float]:
    """Whole numbers without a point, others with all digits: a simulation comes out the same."""
    return [int(v) if float(v).is_integer() else v for v in values]


def read_baseline(path: Path) -> Baseline:
    """Read the file.

    Raises
    ------
    UsageError
        When it is none, of another version, or damaged.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path}: more than {MOST_BYTES:,} bytes, which no baseline has")
        content = path.read_bytes()
    except OSError as error:
        hint = "; make one with timeline baseline" if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"{path}: {error.strerror}{hint}") from error
    return baseline_of(content, str(path))


def baseline_of(content: bytes | str, place: str) -> Baseline:
    """Read what :func:`baseline_text` gives; ``place`` names it in errors."""
    try:
        value = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place}: not the JSON of a baseline: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise UsageError(f"{place}: no baseline of timeline; make one with timeline baseline")
    if value.get("version") != VERSION:
        raise UsageError(
            f"{place}: a baseline of version {value.get('version')}, this timeline reads {VERSION};"
            " make it anew with timeline baseline"
        )
    try:
        return Baseline(tuple(_entry(entry) for entry in value["entries"]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise UsageError(f"{place}: a damaged baseline: {what}") from error


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no figure")


def _entry(value: Json) -> Entry:
    labels, told = dict(value["labels"]), dict(value["provenance"])
    one = Identity(str(value["name"]), labels, str(value["source"]), tuple(value["devices"]))
    figures: dict[Place, Mapping[Name, Values]] = {}
    for row in value["figures"]:
        device = None if row["device"] is None else int(row["device"])
        figures[Place(Scope.parse(row["scope"]), device)] = {
            _name(text): Values(tuple(map(_number, values)), _weight(row["of_ns"].get(text)))
            for text, values in row["values"].items()
        }
    return Entry(one, figures, _sketch(value["sketch"]), told)


def _name(text: str) -> Name:
    found = _NAME.fullmatch(text)
    if not found or found[1] not in MEASURES:
        raise ValueError(f"no measure {text!r}")
    return Name(found[1], found[2] or "")


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no figure")
    return value


def _weight(value: Json) -> float | None:
    return None if value is None else _number(value)


def _sketch(value: Json) -> Sketch:
    words = tuple(str(word) for word in value["words"])
    columns = {key: np.array(value[key], np.int64) for key in COLUMNS}
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError("the sketch's columns differ in length")
    for key in ("engine", "name"):
        if len(columns[key]) and not 0 <= columns[key].min() <= columns[key].max() < len(words):
            raise ValueError(f"the sketch's {key} names a word that is not there")
    return Sketch(words, columns)
