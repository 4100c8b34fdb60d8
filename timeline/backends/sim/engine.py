"""The event queue: what the device does between two moments of the host.

One loop, on purpose: all of it runs several times an operation, so the state is in local variables
and flat lists, an event is one integer (time, code, node), and the plain cases (a grid that fits as
a whole, a copy on a free engine) are handled in place. Everything else is in :mod:`.blocks` and
:mod:`.contention`.
"""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappop, heappush

from timeline.backends.sim.codes import (
    AT_GO,
    AT_OTHER,
    AT_START,
    CODE_MASK,
    COPY,
    FILL,
    FOREVER,
    HOST,
    ID_MASK,
    KERNEL,
    SHIFT,
)
from timeline.backends.sim.run import Run

__all__ = ["device_loop"]

ON_ENGINE = (COPY, HOST)


def device_loop(run: Run) -> Generator[int, int, None]:
    """Process events; a generator keeps its locals between two turns.

    Send it a time: it runs until the next event is later than that, or a node in ``run.watch`` has
    ended (or a staged copy has begun), and yields the time of the last event.
    """
    plan, c = run.plan, run.plan.classes
    heap, finish, due, start = run.heap, run.finish, run.due, run.start
    cls, kind = plan.node_class, plan.node_kind
    device, duration, duplex, group = c.device, c.duration, c.duplex, c.group
    share_of, foot, blocks_of, special, waves = c.share, c.foot, c.blocks, c.special, c.waves
    opposite, current, queues = plan.opposite, run.current, run.queue
    occupancy, resident, front = run.occupancy, run.resident, run.front
    scheduled, schedulers, flows = run.scheduled, run.schedulers, run.flows
    primary, staged, packing, cohorts = run.primary, run.staged, plan.packing, run.cohorts
    limit, interval = plan.model.sm.resident_grids, plan.model.sm.grid_interval_ns
    engine_gap, wake = plan.model.copy.engine_gap_ns, plan.model.gaps.to_host_func
    next_function, idle_since = plan.model.gaps.next_host_func, [-FOREVER] * len(current)
    nodes, classes = run.nodes, len(c.code)
    gap, gaps, following, left = run.gap, run.gaps, run.following, run.left
    ready, waiters, watch, secondary = run.ready, run.waiters, run.watch, run.secondary
    entered: dict[int, int] = {}
    emptied: dict[int, int] = {}
    todo: list[int] = []
    now = 0
    until = yield 0
    while True:
        hit = False
        stop = (until + 1) << SHIFT
        while heap and heap[0] < stop:
            key = heappop(heap)
            now = key >> SHIFT
            n = key & ID_MASK
            code = key & CODE_MASK
            if not code:  # an end
                if due[n] != now:
                    continue  # it was rescheduled
                due[n] = -1
                if n >= nodes:
                    cohort = cohorts[n - nodes]
                    n = schedulers[device[cls[cohort.grid.node]]].ended(cohort, now)
                    if not n:
                        continue
                else:
                    k = cls[n]
                    what = kind[n]
                    if what in ON_ENGINE:
                        g = group[k]
                        o = opposite[g]
                        if queues[g]:
                            current[g] = m = queues[g].popleft()
                            k = cls[m]
                            begin = now + (engine_gap if what == COPY else next_function)
                            start[m] = begin
                            e = begin + (duplex[k] if current[o] else duration[k])
                            due[m] = e
                            heappush(heap, e << SHIFT | m)
                            if staged and m in staged:
                                hit = True  # a staged copy begins
                        else:
                            current[g] = 0
                            idle_since[g] = now
                            m = current[o]
                            if m:  # the other direction has the link for itself again
                                k = cls[m]
                                if duplex[k] != duration[k]:
                                    e = now - (now - due[m]) * duration[k] // duplex[k]
                                    due[m] = e
                                    heappush(heap, e << SHIFT | m)
                    elif what == FILL:
                        flows[device[k]].leave(n, now)
                    elif what >= KERNEL:
                        d = device[k]
                        if not (scheduled[d] and schedulers[d].ended_solo(n)):
                            key = occupancy[d] * classes + k
                            state = emptied.get(key)
                            if state is None:
                                state = packing.moved(occupancy[d], foot[k], -blocks_of[k])
                                emptied[key] = state
                            occupancy[d] = state
                            resident[d] -= 1
                        if share_of[k] is not None and n in flows[d].active:
                            flows[d].leave(n, now)
                        if scheduled[d]:
                            schedulers[d].place(now)
                at = now
                while True:  # the node, then whatever completes with it
                    finish[n] = at
                    if watch and n in watch:
                        hit = True
                    before = gap[n]
                    if waiters and n in waiters:
                        for m in waiters.pop(n):
                            _depend(run, m, at, before)
                            if not left[m]:
                                if kind[m] < KERNEL:
                                    todo.append(m)
                                else:
                                    heappush(heap, ready[m] << SHIFT | AT_START | m)
                    if secondary and n in secondary:
                        _end_primary(run, n, at)
                    m = following[n]
                    if m:
                        if kind[m] >= KERNEL:
                            at += gaps[before][gap[m]]
                            if at < ready[m]:
                                at = ready[m]
                            if left[m] == 1:
                                heappush(heap, at << SHIFT | AT_START | m)
                            else:
                                ready[m] = at
                                left[m] -= 1
                        else:
                            if at < ready[m]:
                                at = ready[m]
                            else:
                                gap[m] = before
                            if left[m] == 1:
                                at += duration[cls[m]]
                                n = m
                                continue
                            ready[m] = at
                            left[m] -= 1
                    if not todo:
                        break
                    n = todo.pop()
                    at = ready[n] + duration[cls[n]]
                if hit:
                    break
                continue
            if code == AT_OTHER:
                if n >= nodes:
                    cohort = cohorts[n - nodes]
                    schedulers[device[cls[cohort.grid.node]]].begin_main(cohort, now)
                else:
                    _trigger(run, n, now)
                continue
            k = cls[n]
            what = kind[n]
            if what in ON_ENGINE:
                g = group[k]
                if current[g]:
                    queues[g].append(n)
                    continue
                current[g] = n
                begin = now
                if what == HOST:  # the thread goes on, or has fallen asleep
                    awake = idle_since[g] + next_function
                    begin = awake if now <= awake else now + wake
                start[n] = begin
                m = current[opposite[g]]
                if m:
                    e = now + duplex[k]
                    k = cls[m]
                    if duplex[k] != duration[k]:
                        later = now - (now - due[m]) * duplex[k] // duration[k]
                        due[m] = later
                        heappush(heap, later << SHIFT | m)
                else:
                    e = begin + duration[k]
                due[n] = e
                heappush(heap, e << SHIFT | n)
                if staged and n in staged:
                    break
                continue
            d = device[k]
            if what == FILL:
                if scheduled[d]:
                    schedulers[d].interrupt(now)
                start[n] = now
                share = share_of[k]
                if share is not None:
                    flows[d].enter(n, now, duration[k], share)
                continue
            if code == AT_START:
                if front[d] > now:  # the front end launches one grid after the other
                    heappush(heap, front[d] << SHIFT | AT_GO | n)
                    front[d] += interval
                    continue
                front[d] = now + interval
            if scheduled[d] or special[k] or n in primary or resident[d] >= limit:
                schedulers[d].arrive(n, now)
                continue
            key = occupancy[d] * classes + k
            state = entered.get(key)
            if state is None:
                fits = packing.room(occupancy[d], foot[k]) >= blocks_of[k]
                state = packing.moved(occupancy[d], foot[k], blocks_of[k]) if fits else -1
                entered[key] = state
            if state < 0:
                if waves[k] >= 0 and not (resident[d] or flows[d].active):
                    schedulers[d].start_solo(n, waves[k], now)
                else:
                    schedulers[d].arrive(n, now)
                continue
            occupancy[d] = state
            resident[d] += 1
            start[n] = now
            share = share_of[k]
            if share is None:
                e = now + duration[k]
                due[n] = e
                heappush(heap, e << SHIFT | n)
            else:
                flows[d].enter(n, now, duration[k], share)
        until = yield now


def _depend(run: Run, node: int, at: int, before: int) -> None:
    """One thing that ``node`` waits for, beside its stream, has ended."""
    if run.plan.node_kind[node] >= KERNEL:
        at += run.gaps[before][run.gap[node]]
    if at >= run.ready[node]:
        run.ready[node] = at
        if run.plan.node_kind[node] < KERNEL:
            run.gap[node] = before
    run.left[node] -= 1


def _trigger(run: Run, node: int, now: int) -> None:
    """All blocks of a kernel have executed ``griddepcontrol.launch_dependents``."""
    if run.finish[node] >= 0:
        return
    run.triggered[node] = now
    secondary = run.secondary.get(node)
    if secondary is not None:
        release_secondary(run, secondary, now + run.plan.model.gaps.pdl)


def _end_primary(run: Run, node: int, now: int) -> None:
    """A kernel with a programmatic dependent has ended."""
    secondary = run.secondary.pop(node)
    if node not in run.triggered:  # the exit of its blocks stands for the trigger
        gap = run.gaps[run.gap[node]][run.gap[secondary]]
        release_secondary(run, secondary, now + gap)
    device = run.plan.classes.device[run.plan.node_class[secondary]]
    run.schedulers[device].primary_ended(secondary, now)


def release_secondary(run: Run, node: int, at: int) -> None:
    """The kernel ``node``, launched with PDL, may start at ``at``."""
    run.ready[node] = max(run.ready[node], at)
    run.left[node] -= 1
    if not run.left[node]:
        heappush(run.heap, run.ready[node] << SHIFT | AT_START | node)
