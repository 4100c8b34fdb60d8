"""Host threads: they issue operations, pay for the calls, and wait."""

from __future__ import annotations

from heapq import heappush

from timeline.backends.sim import codes as k
from timeline.backends.sim.calls import CALLS, Call
from timeline.backends.sim.codes import AT_START, SHIFT
from timeline.backends.sim.issue import Issuer
from timeline.backends.sim.run import Run
from timeline.backends.sim.threads import BLOCKED, READY, HostThread, Turns

__all__ = ["host_thread"]


def host_thread(run: Run, issuer: Issuer, thread: HostThread) -> Turns:
    """Issue the operations of ``thread``; a generator, like the device's loop.

    Send it a time: it goes on until its clock is later than that, or it has to wait.
    """
    c, plan = run.plan.classes, thread.plan
    codes, costs, leads, streams, lags = c.code, c.cost, c.lead, c.stream, c.lag
    finish, following, ready, gap = run.finish, run.following, run.ready, run.gap
    heap, gaps, duration = run.heap, run.gaps, c.duration
    tail, legacy, deep = issuer.tail, issuer.legacy, run.plan.deep
    begins, done = thread.begins, thread.ends.append
    order, depth = issuer.order, run.plan.model.host.queue_depth
    gate, blocked, look = run.plan.model.gaps.gate, -WINDOW, 0
    wake, trims = run.plan.model.host.wake_ns, issuer.trims
    t = thread.time
    until = yield READY
    for i, (cls, n) in enumerate(zip(plan.classes, plan.nodes, strict=True)):
        if t > until:
            thread.time = t
            until = yield READY
        begin = t + leads[cls]
        t = begin + costs[cls]
        code = codes[cls]
        if code <= k.DO_RECORD:
            s = streams[cls]
            if deep:
                mine = order[s]
                mine.append(n)
                if len(mine) > depth:
                    at = finish[mine[-1 - depth]]
                    if at < 0:
                        issuer.open_gate(t + gate)
                        thread.needs.append(mine[-1 - depth])
                        thread.time = t
                        if thread.ahead and i - blocked < SHORTEST:
                            look = i + PAUSE
                        thread.ahead = _NOTHING
                        if i >= look:
                            window = min(WINDOW, max(SHORTEST, 2 * (i - blocked)))
                            thread.ahead = _ahead(run, issuer, thread, i, s, window)
                        blocked = i
                        yield BLOCKED
                        thread.needs.clear()
                        at = finish[mine[-1 - depth]]
                    if at > t:
                        t, begins[i] = at, begin
            p = tail[s]
            if legacy[s]:
                issuer.enqueue(n, s, t + lags[cls])
            else:
                tail[s] = n
                at = finish[p]
                if at < 0:
                    following[p] = n
                    ready[n] = t + lags[cls]
                elif code:
                    ready[n] = t + lags[cls]
                    if at >= ready[n]:
                        gap[n] = gap[p]
                        finish[n] = at + duration[cls]
                    else:
                        finish[n] = ready[n] + duration[cls]
                else:
                    at += gaps[gap[p]][gap[n]]
                    if at < t + lags[cls]:
                        at = t + lags[cls]
                    heappush(heap, at << SHIFT | AT_START | n)
            if code:
                issuer.recorded(c.aux[cls], s, n, p)
        elif code == k.DO_WAIT:
            s = streams[cls]
            issuer.wait_event(n, s, c.aux[cls], t + lags[cls])
        elif k.STREAM_SYNC <= code <= k.DEVICE_SYNC:
            if issuer.gate_opened < 0:
                issuer.open_gate(begin + gate)
            nodes = issuer.awaited(cls)
            thread.needs = [node for node in nodes if finish[node] < 0]
            if thread.needs:
                thread.time = t
                yield BLOCKED
                thread.needs = []
            at = max([finish[node] for node in nodes], default=t)
            if at > t:
                t = at + wake
            if code in trims:
                t += issuer.trim(c.device[cls], t)
            begins[i] = begin
        elif code != k.NOTHING:
            thread.time = t
            yield from CALLS[code](Call(run, issuer, thread, i, cls, n, begin))
            t = thread.time
        done(t)
    thread.time = t


WINDOW, SHORTEST, PAUSE = 512, 8, 128
"""Operations that a thread looks ahead when the launch queue is full: at most, and at least. In
between, a few times what it could issue since it last had to. Where that was less than the least
(another stream drains all the time), it does not look for a while."""
_NOTHING: frozenset[int] = frozenset()


def _ahead(
    run: Run, issuer: Issuer, thread: HostThread, op: int, stream: int, window: int
) -> frozenset[int]:
    """How far the device may run on when the host waits for room in a full ``stream``.

    The host's next operations can't change what the device does while every stream that they go
    to has work pending. So the device may run until one of these streams is drained, or until there
    is room for the last of these operations that goes to ``stream``. The clock of the host is then
    at least the device's, as if it had been woken for every single one.
    """
    c, depth = run.plan.classes, run.plan.model.host.queue_depth
    codes, streams, tail = c.code, c.stream, issuer.tail
    tails: dict[int, int] = {}
    more = 0
    for cls in thread.plan.classes[op + 1 : op + 1 + window]:
        s = streams[cls]
        if s not in tails and (issuer.legacy[s] or run.finish[tail[s]] >= 0):
            break
        if codes[cls] > k.DO_WAIT:
            break
        tails[s] = tail[s]
        more += s == stream
    if not more:
        return _NOTHING
    return frozenset((*tails.values(), issuer.order[stream][min(depth, more) - 1 - depth]))
