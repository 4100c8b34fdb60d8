"""Spans of time as the user writes them, such as ``1.5ms:2ms``."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.trace import Trace

__all__ = ["HELP", "window"]

HELP = "START:END from the first activity, such as 1.5ms:2ms, 800us: or :3s (default: all)"

_UNITS_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_TIME = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(ns|us|µs|ms|s)")


def window(text: str | None, trace: Trace) -> tuple[int, int] | None:
    """Read ``START:END``; either may be missing.

    Returns
    -------
    (int, int) or None
        In trace time, ns; None without a text.

    Raises
    ------
    UsageError
        When it is no such span, or holds nothing.
    """
    if text is None:
        return None
    start_text, colon, end_text = text.partition(":")
    if not colon:
        raise UsageError(f"--window {text}: expected {HELP}")
    first, last = trace.span
    start = first + _ns(start_text, text) if start_text else first
    end = first + _ns(end_text, text) if end_text else last
    if end <= start:
        raise UsageError(f"--window {text}: holds nothing; the trace lasts {last - first} ns")
    return start, end


def _ns(time: str, text: str) -> int:
    match = _TIME.fullmatch(time)
    if not match:
        raise UsageError(f"--window {text}: {time!r} is no time; write it as 250us or 1.5ms")
    return round(Fraction(match[1]) * _UNITS_NS[match[2]])
