"""From a recording to a :class:`.scenario.Scenario` that gives the recording back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.execution import Execution, execution
from timeline.analysis.windows import devices, median_repeat
from timeline.analysis.work import Work, work_of
from timeline.backends.sim.device_model import DeviceModel
from timeline.engines import SM
from timeline.errors import TraceError
from timeline.intervals import Int64
from timeline.trace import Trace
from timeline.whatif.described import described_device
from timeline.whatif.lags import HOST_CODE, SHORT_NS, Lags, measured_lags
from timeline.whatif.lifting.device_orders import device_orders
from timeline.whatif.lifting.duplex import duplex_factors, duplex_pace
from timeline.whatif.lifting.engine_shares import engine_groups, engine_shares
from timeline.whatif.lifting.gate import first_wait, gate_orders, is_gated
from timeline.whatif.lifting.host_orders import calls_of, host_orders, own_times
from timeline.whatif.lifting.sharing import shared
from timeline.whatif.orders import NO_ORDERS, Kind, Orders, starts
from timeline.whatif.scenario import Activities, Scenario

__all__ = ["lift"]

Bools = npt.NDArray[np.bool_]

_TAKES_TIME = (Kind.STREAM, Kind.EVENT, Kind.LEGACY, Kind.ISSUE, Kind.GATE, Kind.WAIT)


def lift(trace: Trace, *, repeat: int | None = None, device: int | None = None) -> Scenario:
    """Read the causes of a recorded schedule.

    Parameters
    ----------
    repeat : int, optional
        Of a Program; by default the repeat of median makespan. A trace without repeats is lifted
        whole.
    device : int, optional
        By default the one with most activities.

    Raises
    ------
    TraceError
        For a trace without activities.
    UsageError
        For a repeat or device that the trace does not have.
    """
    work = _chosen(trace, repeat, device)
    return _lifted(execution(work), described_device(trace, work.device))


def _chosen(trace: Trace, repeat: int | None, device: int | None) -> Work:
    if trace.activities.num_rows == 0:
        raise TraceError("the trace has no activities: there is nothing to replay")
    if repeat is None:
        repeat = median_repeat(trace)
    if device is not None:
        return work_of(trace, device, repeat=repeat)
    found = [work_of(trace, one, repeat=repeat) for one in devices(trace)]
    return max(found, key=lambda work: len(work.rows))


def _lifted(found: Execution, model: DeviceModel) -> Scenario:
    work = found.work
    calls = calls_of(found)
    count = len(work.rows)
    shares, sized = engine_shares(work, model)
    unknown = list(found.before.notes)
    if not sized:
        unknown.append("Grids are not known of every kernel: those are taken to fill the device.")
    if not len(calls):
        unknown.append("The trace has no API calls: work is issued when it was recorded to start.")
    if work.trace.meta.dropped:
        unknown.append(f"The recorder lost {work.trace.meta.dropped} records.")
    activities = Activities(
        np.arange(count),
        work.stream_codes,
        engine_groups(work),
        (work.ends - work.starts).astype(np.float64),
        shares,
        shares,
        np.zeros(count),
        np.zeros(count, np.int64),
        np.arange(count),
        found.calls.issued,
        np.zeros(count, np.bool_),
    )
    gated = is_gated(work.trace.meta)
    scenario = Scenario(
        work,
        activities,
        calls,
        NO_ORDERS,
        Lags(model, {}),
        model,
        duplex_factors(work, model),
        gated,
        tuple(unknown),
    )
    return _timed(scenario, found)


def _timed(scenario: Scenario, found: Execution) -> Scenario:
    """With the orders, their lags, and what sharing engines did."""
    own = own_times(scenario.calls, scenario.model)
    host, host_fixed = host_orders(found, own, scenario.origin)
    device = device_orders(found)
    opened = _gate_opened(scenario)
    orders = host.and_(device, _gate(scenario, opened))
    fixed = np.concatenate((host_fixed, np.zeros(len(orders) - len(host), np.int64)))
    at = _recorded(scenario, opened)
    fits = (at[orders.sources] <= at[orders.targets]) | (orders.kinds == Kind.ORIGIN)
    orders, fixed = orders.kept(fits), fixed[fits]
    raw = at[orders.targets] - at[orders.sources]
    orders, fixed, raw = _with_origins(scenario, orders, fixed, raw, at)
    lags = _measured(scenario, orders, fixed, raw, at)
    typical = np.minimum(fixed + _typical(scenario, lags, orders), raw)
    return _shared(scenario.replace(lags=lags), orders, typical, raw, at)


def _gate_opened(scenario: Scenario) -> int:
    """When the gate opened, ns: as the first activity started, or the first waiting call."""
    opened, call = scenario.work.window.start_ns, first_wait(scenario.calls)
    return min(opened, int(scenario.calls.recorded.starts[call])) if call >= 0 else opened


def _gate(scenario: Scenario, opened: int) -> Orders:
    if not scenario.gated:
        return NO_ORDERS
    call = first_wait(scenario.calls)
    lag = opened - int(scenario.calls.recorded.starts[call]) if call >= 0 else 0
    return gate_orders(scenario, lag)


def _recorded(scenario: Scenario, opened: int) -> Int64:
    """Recorded time of each point, ns."""
    work, calls = scenario.work, scenario.calls.recorded
    node_starts = np.concatenate((work.starts, calls.starts))
    node_ends = np.concatenate((work.ends, calls.ends))
    points = np.stack((node_starts, node_ends), axis=1).reshape(-1)
    return np.concatenate((points, [work.window.start_ns, opened]))


def _with_origins(
    scenario: Scenario, orders: Orders, fixed: Int64, raw: Int64, at: Int64
) -> tuple[Orders, Int64, Int64]:
    """Activities and the gate that waited for nothing that is known keep their times."""
    count = len(scenario.activities)
    points = np.concatenate((starts(np.arange(count)), [scenario.gate]))
    free = points[~np.isin(points, orders.targets)]
    lags = at[free] - at[scenario.origin]
    more = Orders.of(np.full(len(free), scenario.origin), free, Kind.ORIGIN, lags)
    return orders.and_(more), np.concatenate((fixed, lags)), np.concatenate((raw, lags))


def _engines(scenario: Scenario, points: Int64) -> Int64:
    """Engine of the activity that each point is of, :data:`.lags.HOST_CODE` of the host."""
    count = len(scenario.activities)
    codes = np.append(scenario.work.engine_codes.astype(np.int64), HOST_CODE)
    return codes[np.minimum(points // 2, count)]


def _takes_time(orders: Orders) -> Bools:
    """Whether an order is a hand-over: not the overlap of two in one stream, nor host time."""
    after_start = (orders.kinds == Kind.STREAM) & (orders.sources % 2 == 0)
    return np.asarray(np.isin(orders.kinds, _TAKES_TIME) & ~after_start)


def _typical(scenario: Scenario, lags: Lags, orders: Orders) -> Int64:
    """Typical time of each hand-over, ns; without limit where the order is none."""
    found = lags.typical(
        orders.kinds, _engines(scenario, orders.sources), _engines(scenario, orders.targets)
    )
    own = np.isin(orders.kinds, (Kind.CALL, Kind.ORIGIN))
    return np.where(own, 0, np.where(_takes_time(orders), found, np.iinfo(np.int64).max // 4))


def _last_into(orders: Orders, until: Int64) -> Int64:
    """Of the orders into each point the one that lets it go last: places in ``orders``."""
    turn = np.lexsort((until, orders.targets))
    targets = orders.targets[turn]
    last = np.append(targets[1:] != targets[:-1], True) if len(turn) else np.zeros(0, np.bool_)
    return np.asarray(turn[last])


def _measured(scenario: Scenario, orders: Orders, fixed: Int64, raw: Int64, at: Int64) -> Lags:
    """Lags of the hand-overs that held something up, by a first guess of all of them."""
    guess = np.minimum(fixed + _typical(scenario, scenario.lags, orders), raw)
    binding = _last_into(orders, at[orders.sources] + guess)
    binding = binding[_takes_time(orders)[binding]]
    held = orders.at(binding)
    return measured_lags(
        scenario.model,
        held.kinds,
        _engines(scenario, held.sources),
        _engines(scenario, held.targets),
        raw[binding] - fixed[binding],
    )


def _shared(scenario: Scenario, orders: Orders, typical: Int64, raw: Int64, at: Int64) -> Scenario:
    """Tell waiting for an engine from other lags; give the others their recorded length."""
    activities = scenario.activities
    count = len(activities)
    until = at[orders.sources] + typical
    binding = _last_into(orders, until)
    ready = np.full(len(at), at[scenario.origin], np.int64)
    ready[orders.targets[binding]] = until[binding]
    waited = np.full(count, -1, np.int64)
    work_ns, early_ns = activities.work_ns.copy(), activities.early_ns.copy()
    for group in np.unique(activities.groups[activities.groups >= 0]).tolist():
        mine = np.flatnonzero(activities.groups == group)
        found = shared(
            at[starts(mine)],
            at[starts(mine) + 1],
            activities.shares[mine],
            activities.loads[mine],
            ready[starts(mine)],
            duplex_pace(scenario.work, group, scenario.duplex.get(group, 1.0)),
        )
        work_ns[mine], early_ns[mine], waited[mine] = (
            found.work_ns,
            found.early_ns,
            found.handover_ns,
        )
    arrived = at.copy()
    arrived[starts(np.arange(count))] = _arrivals(
        activities, at[starts(np.arange(count))], ready[starts(np.arange(count))], waited
    )
    lags = typical.copy()
    lags[binding] = arrived[orders.targets[binding]] - at[orders.sources[binding]]
    usual = _usual_handover(scenario, waited)
    return scenario.replace(
        orders=orders.with_lags(lags),
        activities=activities.replace(
            work_ns=work_ns,
            early_ns=early_ns,
            handover_ns=np.where(waited >= 0, waited, usual),
        ),
    )


def _arrivals(activities: Activities, begun: Int64, ready: Int64, waited: Int64) -> Int64:
    """When each activity was at its engine, ns: as it started, or while it waited for room.

    Engines serve what comes first, so nothing is there before what was served before it.
    """
    for_room = waited >= 0
    found = np.where(for_room, ready, begun)
    for group in np.unique(activities.groups[for_room]).tolist():
        mine = np.flatnonzero(activities.groups == group)
        in_turn = np.maximum.accumulate(found[mine])
        held = for_room[mine]
        found[mine[held]] = np.minimum(in_turn, begun[mine] - waited[mine])[held]
    return np.asarray(found)


def _usual_handover(scenario: Scenario, waited: Int64) -> Int64:
    """Hand-over of an engine to an activity that did not have to wait for it, ns."""
    found = np.where(scenario.on(SM), 0, scenario.model.copy.engine_gap_ns)
    for group in np.unique(scenario.activities.groups).tolist():
        mine = scenario.activities.groups == group
        seen = waited[mine & (waited >= 0) & (waited <= SHORT_NS)]
        if len(seen) >= 3:
            found[mine] = int(np.median(seen))
    return np.asarray(found, np.int64)
