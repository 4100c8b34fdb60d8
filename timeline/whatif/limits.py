"""What keeps a predicted schedule from being shorter."""

from __future__ import annotations

from collections.abc import Sequence

from timeline.analysis import critical_path
from timeline.analysis.bounds import Bound, bound
from timeline.analysis.execution import execution
from timeline.analysis.work import work_of
from timeline.engines import D2H, H2D, P2P, SM
from timeline.trace import Trace

__all__ = ["limits"]

_NEAR = 0.9
_WORDS = {
    SM: "the SMs",
    H2D: "copies to the device",
    D2H: "copies from the device",
    P2P: "copies between devices",
    "latency": "launch and hand-over latency",
    "calls": "API calls of the host",
    "host": "the host between its calls",
    "unknown": "causes that the trace does not show",
}


def limits(trace: Trace, devices: Sequence[int]) -> tuple[int, str]:
    """Bound of the makespan, ns, and what then limits it, in words: of the device that does most.

    What one device waits for on another is not in it, so of several it is a low one.
    """
    repeat = 0 if trace.meta.repeats else None
    bounds = [(bound(work_of(trace, each, repeat=repeat)), each) for each in devices]
    found, device = max(bounds, key=lambda one: one[0].bound_ns)
    bound_ns, text = _limit(trace, found, device)
    return bound_ns, text if len(devices) == 1 else f"on GPU {device}, {text}"


def _limit(trace: Trace, found: Bound, device: int) -> tuple[int, str]:
    if not found.makespan_ns:
        return 0, "nothing: nothing ran"
    if found.limiting_engine and found.engine_bound_ns >= _NEAR * found.makespan_ns:
        share = found.engine_bound_ns / found.makespan_ns
        return found.bound_ns, f"{_word(found.limiting_engine)}: busy {share:.0%} of the time"
    if found.critical_path_ns >= _NEAR * found.makespan_ns:
        share = found.critical_path_ns / found.makespan_ns
        return found.bound_ns, f"the longest chain of dependent work: {share:.0%} of the time"
    return found.bound_ns, _path(trace, device)


def _path(trace: Trace, device: int) -> str:
    """What takes most of the critical path."""
    work = work_of(trace, device, repeat=0 if trace.meta.repeats else None)
    shares = critical_path(execution(work)).shares_ns
    total = sum(shares.values())
    parts = sorted(shares.items(), key=lambda item: -item[1])[:2]
    text = ", ".join(f"{_word(name)} {ns / total:.0%}" for name, ns in parts if ns)
    return f"the order of work; of its critical path {text}"


def _word(name: str) -> str:
    return _WORDS.get(name, name)
