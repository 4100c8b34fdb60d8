"""What a test gets as ``timeline``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from timeline.check import (
    Baseline,
    Checked,
    Entry,
    Rules,
    check,
    entries_of,
    require_figures,
    require_ranges,
)
from timeline.check.as_text import as_text
from timeline.check.picture import draw_failures
from timeline.check.threshold import parse
from timeline.errors import UsageError, unknown
from timeline.pytest_plugin.session import Session

if TYPE_CHECKING:
    from timeline.program import Program
    from timeline.trace import Trace

__all__ = ["Options", "Timeline", "options_of"]

REPEATS = 5
"""Times that a Program or a function is run: as many as tell their own noise."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the marker ``timeline`` of a test says; see :data:`timeline.pytest_plugin.MARKER`."""

    thresholds: Sequence[str] = ()
    ranges: Sequence[str] = ()
    windows: Sequence[str] = ()
    name: str = ""
    repeat: int = REPEATS
    backend: str = "auto"
    device: str | None = None


def options_of(marker: pytest.Mark | None) -> Options:
    """Read a marker.

    Raises
    ------
    UsageError
        For an option that does not exist.
    """
    if marker is None:
        return Options()
    known = Options.__dataclass_fields__
    for name in marker.kwargs:
        if name not in known:
            raise unknown("option of the marker timeline", name, known)
    return Options(*marker.args, **marker.kwargs)


class Timeline:
    """Makes traces, and checks them against the baseline of the test suite."""

    def __init__(self, session: Session, test: str, options: Options) -> None:
        self._session, self._test, self._options = session, test, options

    def run(self, program: Program, *, repeat: int | None = None) -> Trace:
        """Run a Program on the marker's backend: a GPU if there is one, else the simulator.

        The test is skipped where the backend is ``cuda`` and there is no GPU.
        """
        from timeline.backends import RunOptions, open_backend, why_not_cuda

        wanted = self._options
        if wanted.backend == "cuda" and (reason := why_not_cuda()):
            pytest.skip(reason)
        backend = open_backend(wanted.backend, device=wanted.device)
        times = 1 if backend.name == "sim" else wanted.repeat  # a simulation has no noise
        return backend.run(program, RunOptions(repeat=repeat or times))

    def record(
        self,
        function: Callable[..., Any],
        *args: Any,
        repeat: int | None = None,
        warmup: int = 1,
        **kwargs: Any,
    ) -> list[Trace]:
        """Record a function that uses the GPU, each call by itself, after some that are not.

        The test is skipped where there is no GPU.
        """
        from timeline.backends import why_not_cuda
        from timeline.record import record

        if reason := why_not_cuda():
            pytest.skip(reason)
        for _ in range(warmup):
            function(*args, **kwargs)
        traces = []
        for _ in range(repeat or self._options.repeat):
            with record() as recording:
                function(*args, **kwargs)
            traces.append(recording.trace)
        return traces

    def load(self, path: str | os.PathLike[str]) -> Trace:
        """Open a trace, whoever wrote it."""
        from timeline.formats import open_trace

        return open_trace(Path(path))

    def check(
        self, traces: Trace | Sequence[Trace], *thresholds: str, name: str = ""
    ) -> Checked | None:
        """Fail the test if the traces lost something against the baseline.

        Parameters
        ----------
        traces : Trace or sequence of Trace
            Several are recordings of the same.
        *thresholds : str
            Added to those of the marker and of the settings.
        name : str
            What to call traces that are of no technique; by default the test's id.

        Returns
        -------
        Checked or None
            None under ``--timeline-update``, which makes the traces the baseline.

        Raises
        ------
        UsageError
            When the baseline has nothing to compare them with.
        """
        __tracebackhide__ = True
        own = self._added_to(Rules(defaults=False), thresholds)
        rules = self._added_to(self._session.rules, thresholds)
        now = self._measured(traces, rules, name)
        require_ranges(own, [now])
        if self._session.update:
            self._session.keep(now)
            return None
        try:
            return self._judged(now, self._session.baseline(), rules, own)
        except UsageError as error:
            raise UsageError(f"{error} (pytest --timeline-update makes it anew)") from None

    def require(self, traces: Trace | Sequence[Trace], *limits: str, name: str = "") -> Checked:
        """Fail the test unless limits hold, such as ``pipeline_efficiency >= 0.9``; no baseline.

        Raises
        ------
        UsageError
            For a threshold that is no limit, or for nothing in the traces.
        """
        __tracebackhide__ = True
        for text in (*self._options.thresholds, *limits):
            if parse(text).needs_baseline:
                raise UsageError(f"{text!r} needs a baseline: use timeline.check for it")
        own = self._added_to(Rules(defaults=False), limits)
        now = self._measured(traces, own, name)
        require_ranges(own, [now])
        return self._judged(now, Baseline((now,)), own, own)

    def _added_to(self, rules: Rules, more: Sequence[str]) -> Rules:
        """Rules with what the marker and the call add."""
        wanted = self._options
        return rules.with_more((*wanted.thresholds, *more), wanted.ranges, wanted.windows)

    def _measured(self, traces: Trace | Sequence[Trace], rules: Rules, name: str) -> Entry:
        from timeline.trace import Trace

        several = [traces] if isinstance(traces, Trace) else list(traces)
        called = name or self._options.name or self._test
        entries = entries_of([(called, trace) for trace in several], rules)
        if len(entries) != 1:
            names = ", ".join(entry.identity.name for entry in entries) or "nothing"
            raise UsageError(f"traces of one thing are checked at a time, not of {names}")
        return entries[0]

    def _judged(self, now: Entry, baseline: Baseline, rules: Rules, own: Rules) -> Checked:
        """Judge by all rules; those of the test itself must be for something."""
        __tracebackhide__ = True
        (found,) = check([now], baseline, rules)
        require_figures(own, [found])
        if found.failed:
            pictures = draw_failures([found], self._session.pictures)
            pytest.fail(as_text([found], pictures), pytrace=False)
        return found
