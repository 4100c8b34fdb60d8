"""Recording live code.

::

    with timeline.record("out"):
        ...                                       # any code that uses CUDA

    @timeline.record("out", overwrite=True)
    def step(): ...

``timeline record script.py`` does the same around a whole script, with :func:`run_script`.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import ContextDecorator, nullcontext
from types import TracebackType

from timeline.errors import UsageError
from timeline.recording import script
from timeline.recording.children import announced
from timeline.recording.keeping import Keeping
from timeline.recording.nvtx_package import hook
from timeline.recording.recorder import LiveCollector, Recorder
from timeline.recording.script import Whole
from timeline.recording.signals import Terminated, ignored, terminable
from timeline.trace import Meta, Trace

__all__ = ["prepare_nvtx", "record", "run_script"]


class record(ContextDecorator):  # noqa: N801 - used as a function
    """Record what the GPU does for the code inside, as a context manager or a decorator.

    When the code ends, by itself or by an exception, the recorder waits for the GPU and writes the
    trace. Only one recording runs at a time in a process; in a script under ``timeline record`` the
    code runs as part of that recording, with a warning. A forked child that leaves the code leaves
    the trace to its parent.

    Parameters
    ----------
    path : path-like, optional
        Folder of the trace. Without one, the trace is only in :attr:`trace`.
    overwrite : bool
        Replace a trace that is already there.
    max_size : str or int, optional
        The most to keep, such as ``"2GB"``: the oldest parts are dropped for the newest.
    every_s : float, optional
        Seconds between the parts that are written meanwhile, by default 5: what is lost at most
        when the process is killed, but for what the GPU still did.
    collector : LiveCollector, optional
        What measures; by default CUPTI.

    Raises
    ------
    CuptiError
        On entering, when CUPTI can't be used.
    OutputError
        On entering, when the place can't be written.

    Warns
    -----
    RuntimeWarning
        On entering, when another profiler is attached, beside which nothing is recorded. On
        leaving, when not all could be kept, for example on a full disk. The code itself never
        fails for either; the trace says what it lacks.

    Notes
    -----
    Functions that were decorated with ``nvtx.annotate`` before, while no tool listened, are not
    seen: nvtx 0.2.12 and later returned them bare. Call :func:`prepare_nvtx` before the decorators
    run, or use ``timeline record``.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        overwrite: bool = False,
        max_size: str | int | None = None,
        every_s: float | None = None,
        collector: LiveCollector | None = None,
    ) -> None:
        self._path = path
        self._overwrite = overwrite
        self._keeping = Keeping.of(max_size, every_s)
        self._collector = collector
        self._recorder: Recorder | None = None
        self._trace: Trace | None = None
        self._inside = 0

    def __enter__(self) -> record:
        if Whole.out is not None:
            self._inside += 1
            warnings.warn(f"timeline: {Whole.said()}", RuntimeWarning, stacklevel=2)
            return self
        recorder = Recorder(
            self._path,
            self._collector or _cupti(),
            sys.argv,
            overwrite=self._overwrite,
            keeping=self._keeping,
        )
        recorder.start()  # refused inside a recording, which may be this object's own
        if recorder.other is not None:
            warnings.warn(f"timeline: {recorder.other}", RuntimeWarning, stacklevel=2)
        self._recorder, self._trace = recorder, None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._inside:
            self._inside -= 1
            return
        assert self._recorder is not None
        try:
            if error is None:
                self._recorder.settle()
        finally:
            _write(self._recorder)
        if self._recorder.failure is not None:
            warnings.warn(f"timeline: {self._recorder.failure}", RuntimeWarning, stacklevel=2)

    @property
    def trace(self) -> Trace:
        """The trace that was recorded.

        Raises
        ------
        UsageError
            While the recording runs, or before; and in a script that is recorded as a whole.
        """
        if self._trace is None:
            if Whole.out is not None and self._recorder is None:
                raise UsageError(Whole.said())
            if self._recorder is None or self._recorder.meta is None:
                raise UsageError("the trace is there when the recorded code has ended")
            self._trace = self._recorder.trace()
        return self._trace


def _cupti() -> LiveCollector:
    from timeline.backends.cuda.cupti import CuptiCollector

    collector: LiveCollector = CuptiCollector(host_functions=True)
    return collector


def prepare_nvtx() -> bool:
    """Let functions that are decorated with ``nvtx.annotate`` from now on be seen by recordings.

    Returns
    -------
    bool
        False where nvtx is not installed or is switched off.
    """
    return hook()


def run_script(
    argv: Sequence[str],
    out: str | os.PathLike[str],
    module: bool = False,
    *,
    overwrite: bool = False,
    keeping: Keeping | None = None,
    children: bool = True,
    collector: LiveCollector | None = None,
) -> int:
    """Run a Python script or module under the recorder, in this process.

    Ctrl-C, SIGTERM, an exception and ``sys.exit`` leave a whole trace. ``os._exit``, and a signal
    that kills, leave the parts that had been written; :meth:`timeline.trace.Trace.load` reads them
    and says so.

    Parameters
    ----------
    argv : sequence of str
        The script, or the module's name, and its arguments.
    out : path-like
        Folder of the trace.
    module : bool
        ``argv[0]`` is a module, as after ``python -m``.
    overwrite : bool
        Replace a trace that is already there.
    collector : LiveCollector, optional
        What measures; by default CUPTI.
    keeping : Keeping, optional
        When parts are written, and how much is kept.
    children : bool
        Record the Python processes that it starts, too, each in a trace beside this one.

    Returns
    -------
    int
        The script's exit code, also where the trace could not be kept: 1 after an exception, 130
        after Ctrl-C, 143 after SIGTERM.

    Raises
    ------
    UsageError, CuptiError, OutputError
        Before the script runs.
    """
    script.checked(argv, module=module)
    keeping = keeping or Keeping()
    recorder = Recorder(out, collector or _cupti(), argv, overwrite=overwrite, keeping=keeping)
    recorder.start()
    if recorder.other is not None:
        print(f"timeline: {recorder.other}", file=sys.stderr)
    Whole.out = os.fspath(out)
    try:
        with terminable(), announced(out, keeping) if children else nullcontext():
            code = _recorded(recorder, argv, module=module)
    finally:
        Whole.out = None
    if recorder.meta is not None:  # None in a fork that ran to the script's end
        _tell(out, recorder, recorder.meta)
    return code


def _recorded(recorder: Recorder, argv: Sequence[str], *, module: bool) -> int:
    """Run the script, wait for the GPU and write, whatever interrupts; the exit code."""
    try:
        try:
            ending = script.run(argv, module=module)
            if not ending.interrupted:
                recorder.settle()
            return ending.code
        finally:
            _write(recorder)
    except KeyboardInterrupt:
        return script.INTERRUPTED
    except Terminated as error:
        return error.number
    finally:
        _write(recorder)  # for a signal that came just before the first


def _write(recorder: Recorder) -> None:
    """End the recording, once; a signal on the way there is raised when the trace is written."""
    try:
        with ignored():
            recorder.stop()
    except (KeyboardInterrupt, Terminated):
        with ignored():
            recorder.stop()
        raise


def _tell(out: str | os.PathLike[str], recorder: Recorder, meta: Meta) -> None:
    rows = recorder.rows
    counts = ", ".join(f"{rows.get(name, 0)} {name}" for name in ("activities", "calls", "ranges"))
    lost = f"; CUPTI dropped {meta.dropped} records" if meta.dropped else ""
    if meta.kept is not None and meta.kept.dropped_parts:
        lost += f"; of {meta.kept.parts} parts the oldest {meta.kept.dropped_parts} were dropped"
    print(f"timeline: wrote {os.fspath(out)}: {counts}{lost}", file=sys.stderr)
    if recorder.failure is not None:
        print(f"timeline: {recorder.failure}", file=sys.stderr)
