"""How much later each activity could have come without making the makespan longer.

Delaying u by s delays v, which waited for it, by max(0, s - wait(u, v)), where the wait is the time
from when u let go until the last thing that v waited for did. So

    slack(u) = min(W.end - end(u), min over v of slack(v) + wait(u, v))

along the same order as the critical path: streams, events, the legacy default stream, the calls of
each host thread, what they issued, and what they waited for. Time that the host, or a launch, took
between two steps is taken to stay as it was.
"""

from __future__ import annotations

import numpy as np

from timeline.analysis.execution import Execution
from timeline.analysis.execution.predecessors import RESOURCE
from timeline.intervals import Int64

__all__ = ["slack_ns"]


def slack_ns(execution: Execution) -> Int64:
    """Slack of each activity of the Work.

    Activities on the critical path have none, unless the trace lacks what held them.

    Returns
    -------
    (n,) int64
        Ns, at least 0, in the Work's order.
    """
    work, calls = execution.work, execution.calls
    count = len(work.rows)
    if not count:
        return np.zeros(0, np.int64)
    sources, targets, waits = _edges(execution)
    hi = work.window.end_ns
    ends = np.concatenate((work.ends, calls.ends))
    found = _least(len(ends), sources, targets, waits, np.maximum(hi - ends, 0))
    return found[:count]


def _edges(execution: Execution) -> tuple[Int64, Int64, Int64]:
    """Sources, targets and waits; calls are numbered after the activities."""
    work, calls, before = execution.work, execution.calls, execution.before
    count = len(work.rows)
    held = np.maximum(before.finish, execution.enqueued)
    parts = []
    for _, edges in before.edges:
        finish = np.minimum(work.ends[edges.sources], work.starts[edges.targets])
        parts.append((edges.sources, edges.targets, held[edges.targets] - finish))
    taken = np.flatnonzero(before.kinds == RESOURCE)
    parts.append((before.sources[taken], taken, held[taken] - before.finish[taken]))
    issued, by_call = _issue(execution)
    parts.append((by_call + count, issued, held[issued] - execution.enqueued[issued]))
    waiting = np.flatnonzero(calls.waited_for >= 0)
    until = work.ends[calls.waited_for[waiting]]
    parts.append((calls.waited_for[waiting], waiting + count, np.zeros(len(waiting), np.int64)))
    covered = np.zeros(len(calls), np.int64)
    covered[waiting] = until - calls.starts[waiting]
    follows = np.flatnonzero(calls.before >= 0)
    parts.append((calls.before[follows] + count, follows + count, covered[follows]))
    sources, targets, waits = (np.concatenate(column) for column in zip(*parts, strict=True))
    return sources, targets, np.maximum(waits, 0)


def _issue(execution: Execution) -> tuple[Int64, Int64]:
    """Activities, and the call that had to come to an end, or to begin, for each to be issued.

    A call that waits for the copy it issued is held by the call before it like that copy.
    """
    calls = execution.calls
    issued = np.flatnonzero(calls.issued >= 0)
    by_call = calls.issued[issued]
    own = calls.waited_for[by_call] == issued
    by_call = np.where(own, calls.before[by_call], by_call)
    return issued[by_call >= 0], by_call[by_call >= 0]


def _least(size: int, sources: Int64, targets: Int64, waits: Int64, slack: Int64) -> Int64:
    """Settle every node after all that waited for it."""
    into = np.argsort(targets, kind="stable")
    bounds = np.searchsorted(targets[into], np.arange(size + 1)).tolist()
    source, wait = sources[into].tolist(), waits[into].tolist()
    left = np.bincount(sources, minlength=size).tolist()
    least: list[int] = slack.tolist()
    ready = [node for node, open_edges in enumerate(left) if not open_edges]
    while ready:
        node = ready.pop()
        mine = least[node]
        for edge in range(bounds[node], bounds[node + 1]):
            other = source[edge]
            if mine + wait[edge] < least[other]:
                least[other] = mine + wait[edge]
            left[other] -= 1
            if not left[other]:
                ready.append(other)
    return np.array(least, np.int64)
