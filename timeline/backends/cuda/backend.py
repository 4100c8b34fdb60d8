"""Programs on a real GPU."""

from __future__ import annotations

from typing import Any

from timeline.backends.base import RunOptions
from timeline.backends.cuda.api import Api, load_api
from timeline.backends.cuda.assemble import assemble
from timeline.backends.cuda.collector import Collected, Collector
from timeline.backends.cuda.device import require, suitor
from timeline.backends.cuda.events import EventsCollector
from timeline.backends.cuda.provenance import device_state, provenance, states
from timeline.backends.cuda.run import Run
from timeline.errors import CuptiError, UnavailableError, UsageError, unknown
from timeline.program import Program, suited
from timeline.trace import Trace

__all__ = ["CudaBackend"]

COLLECTORS = ("auto", "cupti", "events")


class CudaBackend:
    """Issues a Program on the GPU and records what happened.

    Parameters
    ----------
    collector : str
        ``cupti``; ``events`` (CUDA events around every activity: for machines without CUPTI); or
        ``auto``: CUPTI, and events where that can't be loaded, which the trace then says.
    api : Api, optional
        The CUDA APIs; by default cuda-bindings.
    timeout_s : float
        After this long without an end, a repeat fails instead of hanging.

    Examples
    --------
    >>> from timeline.backends.cuda import CudaBackend
    >>> CudaBackend(collector="events").name
    'cuda'
    """

    name = "cuda"

    def __init__(
        self, collector: str = "auto", *, api: Api | None = None, timeout_s: float = 60.0
    ) -> None:
        if collector not in COLLECTORS:
            raise unknown("collector", collector, COLLECTORS)
        self._collector = collector
        self._api = api
        self._timeout_s = timeout_s

    def run(self, program: Program, options: RunOptions = RunOptions()) -> Trace:
        """Run ``program`` and return what happened.

        Raises
        ------
        NoGpuError
            Without a device, or with too few for the Program.
        CuptiError
            When CUPTI was asked for and can't be used.
        DeviceMemoryError
            When the Program's buffers don't fit.
        ProgramError
            When CUDA refuses an operation.
        VerificationError
            When an output is not the known answer.
        """
        if options.repeat < 1 or options.warmup < 0:
            raise UsageError(
                f"repeat={options.repeat}, warmup={options.warmup}: at least one repeat and no "
                "negative warm-up"
            )
        api = self._api or load_api()
        require(api, program.devices)
        program, replaced = suited(program, {d: suitor(api, d) for d in program.devices})
        collector, notes = self._started(api)
        stopped: Collected | None = None
        try:
            with Run(api, program, options, collector, self._timeout_s) as run:
                facts = self._repeat(api, run, options)
                stopped = collector.stop()
                trace = assemble(run, stopped, collector.source, facts)
        finally:
            if stopped is None:
                _abandon(collector)
        return trace.replace(notes=(*notes, *replaced, *trace.meta.notes))

    def _started(self, api: Api) -> tuple[Collector, tuple[str, ...]]:
        """A collector that has started, and what the trace must say about the choice."""
        if self._collector == "events":
            return _start(EventsCollector(api)), ()
        try:
            return _start(_cupti()), ()
        except CuptiError as error:
            if self._collector == "cupti":
                raise
            why = str(error)
        return _start(EventsCollector(api)), (f"CUPTI was not used: {why}",)

    def _repeat(self, api: Api, run: Run, options: RunOptions) -> dict[str, Any]:
        devices = run.program.devices
        run.warm_up()
        run.clocks.run()
        before = {device: device_state(api, device) for device in devices}
        for _ in range(options.repeat):
            run.repeat()
        after = {device: device_state(api, device) for device in devices}
        run.clocks.run()
        return {**provenance(api), "device_state": states(before, after)}


def _start(collector: Collector) -> Collector:
    collector.start()
    return collector


def _cupti() -> Collector:
    from timeline.backends.cuda.cupti import CuptiCollector

    found: Collector = CuptiCollector()
    return found


def _abandon(collector: Collector) -> None:
    """Stop a collector after a failure, so that another run can start one; keep the first error."""
    try:
        collector.stop()
    except UnavailableError:
        return
