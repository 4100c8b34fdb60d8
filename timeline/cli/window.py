"""The option ``--window``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.trace import Trace

__all__ = ["HELP", "window"]

HELP = "START:END from the first activity, such as 1.5ms:2ms, 800us: or :3s (default: all)"


def window(text: str | None, trace: Trace) -> tuple[int, int] | None:
    """Read the option's value; see :func:`timeline.analysis.window_text.window_of`.

    Returns
    -------
    (int, int) or None
        In trace time, ns; None without a text.
    """
    if text is None:
        return None
    from timeline.analysis.window_text import window_of

    try:
        return window_of(text, *trace.span)
    except UsageError as error:
        raise UsageError(f"--{error}") from None
