"""Spans of time as people write them, such as ``1.5ms:2ms``."""

from __future__ import annotations

import re
from fractions import Fraction

from timeline.errors import UsageError

__all__ = ["FORM", "window_of"]

FORM = "START:END from the first activity, such as 1.5ms:2ms, 800us: or :3s"

_UNITS_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_TIME = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(ns|us|µs|ms|s)")


def window_of(text: str, first_ns: int, last_ns: int) -> tuple[int, int]:
    """Read ``START:END``, counted from ``first_ns``; either may be missing.

    Parameters
    ----------
    first_ns, last_ns : int
        What an end that is missing stands for, ns.

    Returns
    -------
    (int, int)
        In trace time, ns.

    Raises
    ------
    UsageError
        When it is no such span, or holds nothing.
    """
    start_text, colon, end_text = text.partition(":")
    if not colon:
        raise UsageError(f"window {text}: expected {FORM}")
    start = first_ns + _ns(start_text, text) if start_text else first_ns
    end = first_ns + _ns(end_text, text) if end_text else last_ns
    if end <= start:
        lasts = last_ns - first_ns
        raise UsageError(f"window {text}: holds nothing; the trace lasts {lasts} ns")
    return start, end


def _ns(time: str, text: str) -> int:
    match = _TIME.fullmatch(time)
    if not match:
        raise UsageError(f"window {text}: {time!r} is no time; write it as 250us or 1.5ms")
    return round(Fraction(match[1]) * _UNITS_NS[match[2]])
