"""Every error that timeline raises on purpose.

::

    TimelineError                   exit code 2 unless said
    ├── UsageError                  an unknown technique, variant or parameter; a malformed option
    ├── ProgramError                a Program that CUDA would refuse or leave undefined
    │   └── DataRaceError           two operations touch the same bytes without an ordering edge
    ├── TraceError                  a trace that can't be read: truncated, or of another version
    ├── OutputError                 a place that can't be written, or would be overwritten
    ├── VerificationError           an output differs from the known answer              (exit 1)
    └── UnavailableError            this machine lacks something                         (exit 3)
        ├── NoGpuError              no driver, no device, or too few of them
        ├── MissingExtraError       a Python package of an extra is not installed
        ├── CuptiError              CUPTI can't be loaded, or its version has no layout
        │   └── OtherProfilerError  another profiler has CUPTI, or is about to take it
        └── DeviceMemoryError       the device or the host has too little memory for the Program

Each message is one line: what is wrong, where, and what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TimelineError(Exception):
    """Base of every error raised on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 2


class UsageError(TimelineError):
    """A name, a parameter or an option that does not exist or has a wrong form."""


class ProgramError(TimelineError):
    """A Program that CUDA would refuse, or whose behaviour CUDA leaves undefined."""


class DataRaceError(ProgramError):
    """Two operations touch the same bytes, one writes, and nothing orders them."""


class TraceError(TimelineError):
    """A trace that can't be read."""


class OutputError(TimelineError):
    """A place that can't be written, or that would be overwritten."""


class VerificationError(TimelineError):
    """An output differs from the known answer."""

    exit_code = 1


class UnavailableError(TimelineError):
    """The machine lacks something that the call needs."""

    exit_code = 3


class NoGpuError(UnavailableError):
    """No driver, no device, or fewer devices than the Program uses."""


class MissingExtraError(UnavailableError):
    """A package of an optional extra is not installed.

    Parameters
    ----------
    package : str
        The module that could not be imported.
    extra : str
        The extra of ``cuda-timeline`` that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'cuda-timeline[{extra}]'")


class CuptiError(UnavailableError):
    """CUPTI can't be loaded, is in use by another profiler, or has a version without a layout."""


class OtherProfilerError(CuptiError):
    """Another profiler has CUPTI in this process, or is about to take it.

    Parameters
    ----------
    other : str
        Its name, and how it was seen.
    """

    def __init__(self, other: str) -> None:
        super().__init__(
            f"another profiler is attached to this process: {other}; CUPTI serves one, so run "
            "without it, or open what it wrote with timeline report"
        )


class DeviceMemoryError(UnavailableError):
    """The device or the host has too little memory for the Program."""


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """Build the error for a name that does not exist, with the nearest one that does.

    Parameters
    ----------
    what : str
        The kind of thing, for example ``"technique"``.
    name : str
        What the user wrote.
    known : iterable of str
        The names that exist.
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return UsageError(f"no {what} named {name!r}; {hint}")


def shortened(reason: object, longest: int = 300) -> str:
    """A reason that somebody else gives, in one line; it may quote a file of any length.

    Parameters
    ----------
    reason : object
        An error or a text.
    longest : int
        Characters that are kept.

    Returns
    -------
    str
        The text in one line, with an ellipsis where it was cut.
    """
    words = " ".join(str(reason).split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"
