"""The recorded times of a schedule as lags of its orders."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.execution import Execution
from timeline.intervals import Int64
from timeline.whatif.lags import HOST_CODE, Lags, measured_lags
from timeline.whatif.lifting.device_orders import device_orders
from timeline.whatif.lifting.engine_shares import Shares
from timeline.whatif.lifting.engine_use import engine_use
from timeline.whatif.lifting.gate import first_wait, gate_orders
from timeline.whatif.lifting.host_orders import host_orders, own_times
from timeline.whatif.orders import NO_ORDERS, Kind, Orders, starts
from timeline.whatif.scenario import Scenario

__all__ = ["timed"]

Bools = npt.NDArray[np.bool_]

_TAKES_TIME = (Kind.STREAM, Kind.EVENT, Kind.LEGACY, Kind.ISSUE, Kind.GATE, Kind.WAIT)
_NEVER = np.iinfo(np.int64).max // 4


def timed(scenario: Scenario, found: Execution, shares: Shares, free: bool | None) -> Scenario:
    """With every order, its lag, and what sharing engines did.

    Of all that an activity waited for, the order that let it go last gets the lag that was
    recorded; the others get one that is usual for their kind, where that fits.
    """
    own = own_times(scenario.calls, scenario.model)
    host, host_fixed = host_orders(found, own, scenario.origin)
    opened = _gate_opened(scenario)
    orders = host.and_(device_orders(found), _gate(scenario, opened))
    fixed = np.concatenate((host_fixed, np.zeros(len(orders) - len(host), np.int64)))
    at = _recorded(scenario, opened)
    fits = (at[orders.sources] <= at[orders.targets]) | (orders.kinds == Kind.ORIGIN)
    orders, fixed = _with_origins(scenario, orders.kept(fits), fixed[fits], at)
    raw = at[orders.targets] - at[orders.sources]
    lags = _measured(scenario, orders, fixed, raw, at)
    typical = np.minimum(fixed + _typical(scenario, lags, orders), raw)
    return _with_lags(scenario.replace(lags=lags), orders, typical, at, shares, free)


def _with_lags(
    scenario: Scenario,
    orders: Orders,
    typical: Int64,
    at: Int64,
    shares: Shares,
    free: bool | None,
) -> Scenario:
    """Recorded lags where they bind, but for the time that was spent waiting for an engine."""
    until = at[orders.sources] + typical
    binding = _last_into(orders, until)
    ready = np.full(len(at), at[scenario.origin], np.int64)
    ready[orders.targets[binding]] = until[binding]
    mine = starts(np.arange(len(scenario.activities)))
    use = engine_use(scenario, shares, ready[mine], free)
    arrived = at.copy()
    arrived[mine] = use.arrived
    lags = typical.copy()
    lags[binding] = arrived[orders.targets[binding]] - at[orders.sources[binding]]
    return scenario.replace(
        orders=orders.with_lags(lags), activities=use.activities, seen_free=use.free
    )


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
    scenario: Scenario, orders: Orders, fixed: Int64, at: Int64
) -> tuple[Orders, Int64]:
    """Activities and the gate that waited for nothing that is known keep their times."""
    count = len(scenario.activities)
    points = np.concatenate((starts(np.arange(count)), [scenario.gate]))
    free = points[~np.isin(points, orders.targets)]
    lags = at[free] - at[scenario.origin]
    more = Orders.of(np.full(len(free), scenario.origin), free, Kind.ORIGIN, lags)
    return orders.and_(more), np.concatenate((fixed, lags))


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
    return np.where(own, 0, np.where(_takes_time(orders), found, _NEVER))


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
