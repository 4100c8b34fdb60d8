"""Programmatic dependent launch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.kernel_stamps import role_spans
from timeline.engines import SM
from timeline.intervals import Int64
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.lifting.sharing import WHOLE
from timeline.whatif.orders import Kind, Orders
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]

Bools = npt.NDArray[np.bool_]


def enable_pdl(scenario: Scenario) -> Change:
    """A kernel's prologue runs inside the kernel before it in its stream; its launch is hidden."""
    places = _pairs(scenario)
    if not len(places):
        return unchanged(scenario)
    orders, gaps = scenario.orders, scenario.model.gaps
    lags, sources = orders.lags.copy(), orders.sources.copy()
    activities = scenario.activities
    work_ns, loads = activities.work_ns.copy(), activities.loads.copy()
    first, second = orders.sources[places] // 2, orders.targets[places] // 2
    prologue, trigger, known = _from_stamps(scenario, first, second)
    fits = activities.shares[first] + activities.shares[second] <= WHOLE
    for edge, a, b, inside, begin, stamped in zip(
        places.tolist(),
        first.tolist(),
        second.tolist(),
        np.where(fits, prologue, 0).tolist(),
        trigger.tolist(),
        known.tolist(),
        strict=True,
    ):
        length = float(work_ns[a])
        begin = round(length - begin) + gaps.pdl if stamped else round(length)
        if inside and begin < length:
            sources[edge], lags[edge] = 2 * a, begin
            after = length - begin + gaps.pdl_flush + float(work_ns[b]) - inside
            work_ns[b] = max(float(work_ns[b]), after)
            loads[[a, b]] = activities.shares[[a, b]]
        else:
            lags[edge] = min(lags[edge], gaps.pdl_flush)
    return Change(
        scenario.replace(
            orders=Orders(sources, orders.targets, lags, orders.kinds),
            activities=activities.replace(work_ns=work_ns, loads=loads),
        ),
        len(places),
        _assumed(bool(known.any())),
    )


def _assumed(stamped: bool) -> tuple[str, ...]:
    if stamped:
        return (
            "Prologues and triggers lie where the kernels' time stamps have them.",
            "A prologue takes no time from the kernel that it runs inside.",
        )
    return ("No kernel has a prologue that could run early: only the launch latency is hidden.",)


def _pairs(scenario: Scenario) -> Int64:
    """Orders from a kernel's end to the kernel after it in its stream.

    Where kernels have time stamps, only into those with a prologue.
    """
    orders, kernels = scenario.orders, np.append(scenario.on(SM), np.False_)
    count = len(scenario.activities)
    found = (orders.kinds == Kind.STREAM) & (orders.sources % 2 == 1)
    found &= kernels[np.minimum(orders.sources // 2, count)]
    found &= kernels[np.minimum(orders.targets // 2, count)]
    places = np.flatnonzero(found)
    places = places[np.argsort(scenario.activities.ranks[orders.targets[places] // 2])]
    spans = role_spans(scenario.work, _recorded(scenario, orders.targets[places] // 2), "prologue")
    return places[spans.known] if spans.known.any() else places


def _recorded(scenario: Scenario, activities: Int64) -> Int64:
    return np.asarray(scenario.activities.places[activities])


def _from_stamps(scenario: Scenario, first: Int64, second: Int64) -> tuple[Int64, Int64, Bools]:
    """Length of the second's prologue, how long before its end the first triggers, ns; if known."""
    work = scenario.work
    before, after = _recorded(scenario, first), _recorded(scenario, second)
    prologue = role_spans(work, after, "prologue")
    epilogue = role_spans(work, before, "epilogue")
    length = np.where(prologue.known, prologue.last_end - work.starts[after], 0)
    left = np.where(epilogue.known, work.ends[before] - epilogue.last_start, 0)
    return np.maximum(length, 0), np.maximum(left, 0), prologue.known & epilogue.known


FIX = Fix(
    "enable_pdl",
    "programmatic dependent launch",
    "A kernel that follows another in its stream is launched before that one has ended.",
    enable_pdl,
)
