"""What the recorded variants of each technique must show, as named checks on their traces.

Every figure is taken repeat by repeat and its median over the repeats is compared. The checks of a
technique compare its variants: given the baseline's trace for all of them, some fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from timeline.analysis.technique_figures import (
    AT_ONCE_NS,
    Measure,
    beside,
    blocked_while_issuing,
    calls_ns,
    calls_share,
    concurrency,
    efficiency,
    fast_gap,
    gap,
    hidden_copies,
    host_beside,
    over_repeats,
    prologue_beside_epilogue,
    ratio,
    shared_sms,
    three_at_once,
    wait_after_primary,
)
from timeline.errors import UsageError, unknown
from timeline.trace import Trace

__all__ = ["CHECKS", "Check", "Result", "Traces", "check_shows"]

Traces = Mapping[str, Trace]


@dataclass(frozen=True, slots=True)
class Check:
    """One statement about the variants of a technique.

    Attributes
    ----------
    doc : str
        The statement, with the figure that ``value`` is.
    value : callable
        Takes the traces by variant; the figure.
    least, most : float
        The statement holds when the figure lies between them.
    """

    name: str
    doc: str
    value: Callable[[Traces], float]
    least: float = -float("inf")
    most: float = float("inf")


@dataclass(frozen=True, slots=True)
class Result:
    """A check, what was found, and whether that is what must be shown."""

    check: Check
    value: float

    @property
    def ok(self) -> bool:
        """False as well when there was nothing to measure (NaN)."""
        return self.check.least <= self.value <= self.check.most


def check_shows(technique: str, traces: Traces) -> list[Result]:
    """Check all that the traces of a technique's variants must show.

    Parameters
    ----------
    technique : str
        Its id.
    traces : mapping of str to Trace
        A trace for each of its variants.

    Raises
    ------
    UsageError
        For a technique without checks, or when a variant's trace is missing.
    """
    if technique not in CHECKS:
        raise unknown("technique", technique, CHECKS)
    return [Result(check, float(check.value(traces))) for check in CHECKS[technique]]


def trace_of(traces: Traces, variant: str) -> Trace:
    """The trace of a variant."""
    if variant not in traces:
        raise UsageError(f"no trace of variant {variant!r}; record every variant of the technique")
    return traces[variant]


def of(variant: str, figure: Measure) -> Callable[[Traces], float]:
    """The figure of one variant."""
    return lambda traces: over_repeats(trace_of(traces, variant), figure)


def times(variant: str, other: str, figure: Measure) -> Callable[[Traces], float]:
    """The figure of a variant as a multiple of another variant's."""

    def value(traces: Traces) -> float:
        part, whole = (over_repeats(trace_of(traces, v), figure) for v in (variant, other))
        return ratio(part, whole)

    return value


NONE = 0.02
"""Share that counts as nothing."""

CHECKS: Mapping[str, tuple[Check, ...]] = {
    "five_kernels": (
        Check(
            "one at a time",
            "streams that run a kernel at once, with one stream",
            of("one_stream", concurrency),
            most=1 + NONE,
        ),
        Check(
            "side by side",
            "streams that run a kernel at once, with two streams",
            of("two_streams", concurrency),
            least=1.25,
        ),
        Check(
            "on the same SMs",
            "SMs that held blocks of two kernels at once",
            of("two_streams", shared_sms),
            least=1,
        ),
        Check(
            "the host beside them",
            "share of the host's work during which a kernel ran",
            of("two_streams", host_beside),
            least=0.7,
        ),
    ),
    "three_way_overlap": (
        Check("serial", "hidden copy ratio", of("serial", hidden_copies), most=0.05),
        *(
            Check(f"{variant}: {name}", doc, of(variant, figure), least=least)
            for variant in ("depth_first", "breadth_first")
            for name, doc, figure, least in (
                ("hidden", "hidden copy ratio", hidden_copies, 0.9),
                ("all three", "share of the makespan with three engines busy", three_at_once, 0.7),
                ("efficient", "busiest engine's share of the makespan", efficiency, 0.95),
            )
        ),
    ),
    "pinned_vs_pageable": (
        Check("pageable", "hidden copy ratio", of("pageable", hidden_copies), most=0.1),
        Check("pinned", "hidden copy ratio", of("pinned", hidden_copies), least=0.4),
        Check(
            "pageable blocks the host",
            "share of the makespan in cudaMemcpyAsync",
            of("pageable", calls_share("cudaMemcpyAsync")),
            least=0.5,
        ),
        Check(
            "pinned returns at once",
            "share of the makespan in cudaMemcpyAsync",
            of("pinned", calls_share("cudaMemcpyAsync")),
            most=0.1,
        ),
    ),
    "stream_ordered_alloc": (
        Check(
            "cudaFree waits",
            "share of the makespan in cudaFree",
            of("malloc_free", calls_share("cudaFree")),
            least=0.5,
        ),
        Check(
            "one batch at a time", "hidden copy ratio", of("malloc_free", hidden_copies), most=0.05
        ),
        Check(
            "no call waits",
            "share of the makespan in cudaMallocAsync and cudaFreeAsync",
            of("async", calls_share("cudaMallocAsync|cudaFreeAsync")),
            most=0.25,
        ),
        Check("batches overlap", "hidden copy ratio", of("async", hidden_copies), least=0.2),
        *(
            Check(
                f"{variant}: warm",
                "time in cudaMallocAsync, as a multiple of that without a release threshold",
                times(variant, "async", calls_ns("cudaMallocAsync")),
                most=0.5,
            )
            for variant in ("async_half", "async_max")
        ),
    ),
    "default_stream_barrier": (
        Check(
            "no barrier before",
            "share of the stray kernel beside others, in a stream of its own",
            of("named_streams", beside("ker_stray", "ker_slow|ker_fast")),
            least=0.9,
        ),
        Check(
            "the barrier",
            "share of the stray kernel beside others, in the legacy default stream",
            of("stray_legacy", beside("ker_stray", "ker_slow|ker_fast")),
            most=NONE,
        ),
        Check(
            "its cost",
            "gap in the fast stream, as a multiple of that without the barrier",
            times("stray_legacy", "named_streams", fast_gap),
            least=5,
        ),
        Check(
            "non-blocking streams run through",
            "gap in the fast stream, as a multiple of that with the barrier",
            times("non_blocking", "stray_legacy", fast_gap),
            most=0.2,
        ),
    ),
    "per_thread_default_stream": (
        Check("one at a time", "kernels at once", of("legacy", concurrency), most=1 + NONE),
        Check("threads at once", "kernels at once", of("per_thread", concurrency), least=1.5),
        Check(
            "the library among them",
            "share of the library's kernel beside others, in a per-thread default stream",
            of("per_thread", beside("ker_library", r"ker_\d+")),
            least=0.5,
        ),
        Check(
            "legacy still a barrier",
            "share of the library's kernel beside others, in the legacy default stream",
            of("legacy_sync", beside("ker_library", r"ker_\d+")),
            most=NONE,
        ),
        Check(
            "threads at once around it",
            "kernels at once",
            of("legacy_sync", concurrency),
            least=1.5,
        ),
    ),
    "event_wait": (
        Check(
            "device_synchronize waits for unrelated work",
            "delay of the consumer, as a multiple of that with stream_synchronize",
            times("device_synchronize", "stream_synchronize", gap("producer", "consumer")),
            least=2,
        ),
        Check(
            "the device reacts faster than the host",
            "delay of the consumer with an event, as a multiple of that with stream_synchronize",
            times("event", "stream_synchronize", gap("producer", "consumer")),
            most=0.6,
        ),
        *(
            Check(
                f"{variant} blocks the host",
                "share of the issuing phase that the host waits",
                of(variant, blocked_while_issuing),
                least=0.3,
            )
            for variant in ("device_synchronize", "stream_synchronize")
        ),
        Check(
            "an event does not",
            "share of the issuing phase that the host waits",
            of("event", blocked_while_issuing),
            most=NONE,
        ),
    ),
    "pdl": (
        Check(
            "stream order",
            "gap between primary and secondary, ns",
            of("stream_order", gap("primary", "secondary")),
            least=1,
        ),
        Check(
            "dependent launch",
            "gap between primary and secondary, ns",
            of("pdl", gap("primary", "secondary")),
            most=-1,
        ),
        Check(
            "prologue hidden",
            "share of the prologues beside epilogues",
            of("pdl", prologue_beside_epilogue),
            least=0.8,
        ),
        Check(
            "the wait returns at the primary's end",
            "ns from the primary's end to the wait's return",
            of("pdl", wait_after_primary),
            least=-AT_ONCE_NS,
        ),
    ),
}
"""The checks of each technique, by its id."""
