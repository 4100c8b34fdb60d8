"""What the host threads did: their calls one after the other, what these issued and waited for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.execution import Execution, HostCalls
from timeline.analysis.execution.host_calls import COPY, ISSUE
from timeline.backends.sim.device_model import DeviceModel
from timeline.intervals import Int64
from timeline.whatif.lifting.wait_scope import waited_activities
from timeline.whatif.orders import Kind, Orders, ends, starts
from timeline.whatif.scenario import Calls

__all__ = ["calls_of", "host_orders", "own_times"]

_NONE = -1


def calls_of(execution: Execution) -> Calls:
    """The calls with their names, and whether each may wait for the device."""
    trace, calls = execution.work.trace, execution.calls
    words = np.array([*trace.names("calls", "name"), ""])
    codes = np.concatenate((trace.column("calls", "name").astype(np.int64), [_NONE]))
    threads = np.cumsum(calls.before == _NONE)  # they come thread after thread
    return Calls(calls, words[codes[calls.rows]], threads, calls.kinds != ISSUE)


def own_times(calls: Calls, model: DeviceModel) -> Int64:
    """What each call takes when it need not wait, ns; shape (m,).

    The median of the calls of its name that waited for nothing, or the described device's figure.
    """
    recorded = calls.recorded
    took = recorded.ends - recorded.starts
    plain = ~calls.waits | ((recorded.kinds != COPY) & (recorded.waited_for == _NONE))
    own = took.copy()
    for name in np.unique(calls.names[calls.waits]).tolist():
        mine = calls.names == name
        typical = (
            int(np.median(took[mine & plain])) if (mine & plain).any() else model.host.call_ns(name)
        )
        own[mine & calls.waits] = np.minimum(took[mine & calls.waits], typical)
    return own


def host_orders(execution: Execution, own: Int64, origin: int) -> tuple[Orders, Int64]:
    """Orders of the host, and of each the time in it that is no hand-over, ns."""
    calls, count = execution.calls, len(execution.work.rows)
    node = np.arange(len(calls)) + count
    first = calls.before == _NONE
    in_turn = Orders.of(ends(calls.before[~first] + count), starts(node[~first]), Kind.THREAD)
    opening = Orders.of(np.full(int(first.sum()), origin), starts(node[first]), Kind.ORIGIN)
    inside = Orders.of(starts(node), ends(node), Kind.CALL, own)
    issue, offsets = _issue(execution)
    waits = _waits(execution)
    found = in_turn.and_(opening, inside, issue, waits)
    fixed = np.zeros(len(found), np.int64)
    at = len(in_turn) + len(opening)
    fixed[at : at + len(inside)] = own
    fixed[at + len(inside) : at + len(inside) + len(issue)] = offsets
    return found, fixed


def _issue(execution: Execution) -> tuple[Orders, Int64]:
    """From a call's start to what it issued, and when that was enqueued after it."""
    calls, count = execution.calls, len(execution.work.rows)
    issued = np.flatnonzero(calls.issued >= 0)
    call = calls.issued[issued]
    offsets = np.maximum(execution.enqueued[issued] - calls.starts[call], 0)
    return Orders.of(starts(call + count), starts(issued), Kind.ISSUE), offsets


def _waits(execution: Execution) -> Orders:
    """From the end of what a call waited for to its return."""
    calls, count = execution.calls, len(execution.work.rows)
    activities, waiting = waited_activities(execution)
    found = Orders.of(ends(activities), ends(waiting + count), Kind.WAIT)
    running = _left_running(execution.work.ends, calls)
    own = Orders.of(starts(running), ends(calls.issued[running] + count), Kind.WAIT)
    return found.and_(own)


def _left_running(activity_ends: Int64, calls: HostCalls) -> npt.NDArray[np.int64]:
    """Copies whose call returned before they ended: once the last piece was staged."""
    issued = np.flatnonzero(calls.issued >= 0)
    call = calls.issued[issued]
    late = (calls.kinds[call] == COPY) & (activity_ends[issued] > calls.ends[call])
    return np.asarray(issued[late])
