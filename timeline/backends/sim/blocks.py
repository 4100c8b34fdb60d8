"""The block scheduler of one device: grids that don't fit, or whose blocks need a closer look.

A kernel whose grid fits as a whole while nobody waits never comes here. All others are grids whose
blocks start in cohorts: as many as fit, whenever something ends. Whole waves of a grid that fills
the device are folded into one cohort, and unfolded again when somebody could come in between.
"""

from __future__ import annotations

import math
from heapq import heappush

from timeline.backends.sim.classes import KernelSpec
from timeline.backends.sim.codes import AT_OTHER, SHIFT
from timeline.backends.sim.contention import ROUNDING
from timeline.backends.sim.grids import Cohort, Grid
from timeline.backends.sim.places import Place, Whole, parts
from timeline.backends.sim.run import Run

__all__ = ["BlockScheduler"]

PHASES = 3
"""Cohorts of one grid that are told apart when they contend; see ``_joinable``."""


class BlockScheduler:
    """See the module's docstring.

    Attributes
    ----------
    solo : int
        The node of more than one wave that has the device for itself; 0 for none.
    segments : list of tuple
        For kernels that write stamps: (node, first block, blocks, begin, main, end).
    """

    def __init__(self, run: Run, device: int) -> None:
        self._run, self._device = run, device
        model = run.plan.model
        self._sm, self._gaps, self._semantics = model.sm, model.gaps, model.semantics
        self._flow = run.flows[device]
        self._whole: tuple[Place, ...] = (Whole(run, device),)
        self._places: tuple[Place, ...] = self._whole
        self._parts: dict[int, tuple[Place, ...]] = {}
        self._queue: list[Grid] = []
        self._grids: dict[int, Grid] = {}
        self._arrivals = 0
        self._cooperative = 0
        self.solo = 0
        self.segments: list[tuple[int, int, int, int, int, int]] = []

    # Arrivals

    def arrive(self, node: int, now: int) -> None:
        """A grid is ready to start."""
        run = self._run
        spec = run.plan.classes.kernel[run.plan.node_class[node]]
        assert spec is not None
        self.interrupt(now)
        early = node in run.primary and run.finish[run.primary[node]] < 0
        if spec.waves_ns >= 0 and not early and self._alone():
            self.start_solo(node, spec.waves_ns, now)
            return
        self._arrivals += 1
        grid = Grid(node, spec, (spec.priority, self._arrivals), early)
        if spec.held and not self._grids and self._alone():
            self._set_apart(spec)
        self._grids[node] = grid
        if self._queue:
            self._unfold(self._queue[0], now)
        self._queue.append(grid)
        self._queue.sort(key=lambda g: g.rank)
        self.place(now)

    def _set_apart(self, collective: KernelSpec) -> None:
        """From now on look at the SMs with and without a block of a collective one by one."""
        count = collective.blocks
        if count not in self._parts:
            self._parts[count] = parts(self._run.plan, count) or self._whole
        self._places = self._parts[count]
        self._flow.apart = self._places is not self._whole

    def _alone(self) -> bool:
        run, d = self._run, self._device
        return not (run.resident[d] or self._queue or self._flow.active)

    # A grid that has the device for itself

    def start_solo(self, node: int, waves_ns: int, now: int) -> None:
        """Let all waves of ``node`` pass as one; until :meth:`interrupt` nobody counts blocks."""
        run, d = self._run, self._device
        self.solo = node
        run.scheduled[d] = True
        run.resident[d] += 1
        run.start[node] = now
        run.due[node] = end = now + waves_ns
        heappush(run.heap, end << SHIFT | node)

    def ended_solo(self, node: int) -> bool:
        """Whether the node that ends had the device for itself; makes room if so."""
        if self.solo != node:
            return False
        run, d = self._run, self._device
        self.solo = 0
        run.resident[d] -= 1
        run.scheduled[d] = False
        return True

    def interrupt(self, now: int) -> None:
        """Somebody else comes: look at the solo grid's blocks from now on."""
        node = self.solo
        if not node:
            return
        run, d = self._run, self._device
        spec = run.plan.classes.kernel[run.plan.node_class[node]]
        assert spec is not None
        self.solo = 0
        self._arrivals += 1
        grid = Grid(node, spec, (spec.priority, self._arrivals), False)
        self._grids[node] = grid
        grid.started, grid.begin = True, run.start[node]
        full, tail = divmod(spec.blocks, spec.limit)
        end = run.due[node]
        tail_begin = end - (spec.share(tail).alone_ns if tail else 0)
        run.due[node] = -1
        in_tail = tail > 0 and now >= tail_begin
        blocks = tail if in_tail else spec.limit
        grid.pending = 0 if in_tail else tail
        cohort = self._cohort(grid, blocks, now, 0, self._whole[0])
        cohort.wave_ns = spec.share(blocks).alone_ns
        self._work(cohort, now, (end if in_tail else tail_begin) - now)
        if not in_tail:
            cohort.folds = full - 1
            self._unfold(grid, now)
        if grid.pending:
            self._queue.append(grid)
        run.scheduled[d] = bool(self._queue)

    # Placing blocks

    def place(self, now: int) -> None:
        """Give what is free to the grids that wait: by priority, then the earlier one first."""
        run, d, queue = self._run, self._device, self._queue
        i = 0
        while i < len(queue):
            grid = queue[i]
            self._unfold(grid, now)
            if not grid.started and run.resident[d] >= self._sm.resident_grids:
                break
            for where in self._places if grid.spec.held else reversed(self._places):
                blocks = self._room(grid, where)
                if blocks:
                    self._start_cohort(grid, blocks, now, where)
            if not grid.pending:
                del queue[i]
            elif self._semantics.head_of_line:
                break
            else:
                i += 1
        if queue:
            self._fold(queue[0], now)
        run.scheduled[d] = bool(queue) or self._flow.apart

    def _room(self, grid: Grid, where: Place) -> int:
        """Blocks of ``grid`` that can start there now."""
        spec = grid.spec
        blocks = min(where.room(spec.kind), grid.pending)
        if spec.cooperative or spec.held:
            busy = spec.cooperative and self._cooperative and self._semantics.cooperative_exclusive
            return 0 if busy or blocks < grid.pending else blocks
        return blocks - blocks % spec.cluster

    def _start_cohort(self, grid: Grid, blocks: int, now: int, where: Place) -> None:
        run, d, spec = self._run, self._device, grid.spec
        overhead = 0
        if not grid.started:
            grid.started, grid.begin = True, now
            run.start[grid.node] = now
            run.resident[d] += 1
            self._cooperative += spec.cooperative
            overhead = self._sm.kernel_ns
        else:
            joined = self._joinable(grid, now, where)
            if joined is not None:
                self._join(joined, blocks, now)
                if not grid.pending:
                    self._plan_trigger(grid, now)
                return
        cohort = self._cohort(grid, blocks, now, spec.blocks - grid.pending, where)
        grid.pending -= blocks
        if spec.held:
            self._flow.retake(now)
            self._meet(cohort, now)
        elif not grid.early:
            cohort.wave_ns = where.share(spec, blocks).alone_ns
            self._work(cohort, now, overhead + cohort.wave_ns)
        if not grid.pending:
            self._plan_trigger(grid, now)

    def _joinable(self, grid: Grid, now: int, where: Place) -> Cohort | None:
        """A cohort that new blocks can be counted with.

        Exactly one that starts at this very moment. Where blocks contend for bandwidth or
        arithmetic and there are many cohorts already, also the youngest: what is left is averaged,
        so that the work stays the same while the number of events stays small.
        """
        running = [c for c in grid.cohorts if c.running and not c.folds and c.where is where]
        for cohort in running:
            if cohort.begin == now:
                return cohort
        if len(running) < PHASES or not grid.spec.contends or grid.spec.stamped:
            return None
        return max(running, key=lambda c: self._remaining(c, now) / (c.wave_ns or 1))

    def _join(self, cohort: Cohort, blocks: int, now: int) -> None:
        grid = cohort.grid
        spec, old, total = grid.spec, cohort.blocks, cohort.blocks + blocks
        cohort.where.move(spec, blocks)
        grid.pending -= blocks
        cohort.blocks = total
        if not spec.contends:
            return
        share = cohort.where.share(spec, total)
        left = self._remaining(cohort, now) / (cohort.wave_ns or 1)
        left = (left * old + blocks) / total
        cohort.wave_ns = share.alone_ns
        self._flow.replace(cohort.number, now, left * share.alone_ns, share)

    def _cohort(self, grid: Grid, blocks: int, now: int, first: int, where: Place) -> Cohort:
        run = self._run
        cohort = Cohort(len(run.due), grid, blocks, now, first, where)
        run.due.append(-1)
        run.cohorts.append(cohort)
        grid.cohorts.append(cohort)
        where.move(grid.spec, blocks)
        return cohort

    def _work(self, cohort: Cohort, now: int, ns: int, *, main: bool = False) -> None:
        spec = cohort.grid.spec
        cohort.running = True
        if spec.contends:
            share = cohort.where.share(spec, cohort.blocks, main=main)
            self._flow.enter(cohort.number, now, ns, share)
        else:
            self._end_at(cohort.number, now + ns)

    def _end_at(self, number: int, at: int) -> None:
        self._run.due[number] = at
        heappush(self._run.heap, at << SHIFT | number)

    def ended(self, cohort: Cohort, now: int) -> int:
        """Blocks end. Returns their kernel's node when they were the last ones, or 0."""
        run, d, grid = self._run, self._device, cohort.grid
        spec = grid.spec
        cohort.where.move(spec, -cohort.blocks)
        self._flow.hold()
        if spec.contends:
            self._flow.leave(cohort.number, now)
        elif spec.held and self._flow.apart:
            self._flow.retake(now)
        grid.cohorts.remove(cohort)
        if spec.stamped:
            block = (cohort.first, cohort.blocks, cohort.begin, cohort.main, now)
            self.segments.append((grid.node, *block))
        over = not grid.pending and not grid.cohorts
        if over:
            run.resident[d] -= 1
            self._cooperative -= spec.cooperative
            del self._grids[grid.node]
            if self._flow.apart and not self._grids:
                self._places, self._flow.apart = self._whole, False
                run.scheduled[d] = False
        if self._queue:
            self.place(now)
        self._flow.settle(now)
        return grid.node if over else 0

    # Whole waves at once

    def _fold(self, grid: Grid, now: int) -> None:
        """Let the cohorts of the first grid in line stand for as many waves as are sure to come.

        One block at least stays pending: the grid keeps its place in line until its last wave.
        """
        self._flow.settle(now)
        blocks = sum(c.blocks for c in grid.cohorts)
        if (
            not blocks
            or self._flow.apart
            or grid.early
            or grid.spec.stamped
            or not self._in_step(grid)
        ):
            return
        waves = (grid.pending - 1) // blocks
        if waves < 1:
            return
        for cohort in grid.cohorts:
            cohort.folds = waves
            self._add_work(cohort, now, waves * cohort.wave_ns)
        grid.pending -= waves * blocks

    def _in_step(self, grid: Grid) -> bool:
        """Whether all of its cohorts take equally long for a wave."""
        if not all(c.running for c in grid.cohorts):
            return False
        if len(grid.cohorts) == 1 or not grid.spec.contends:
            return True
        active = self._flow.active
        walls = [c.wave_ns * active[c.number].pace for c in grid.cohorts]
        return max(walls) - min(walls) <= 1e-9 * max(walls)

    def _unfold(self, grid: Grid, now: int) -> None:
        """Make waves that have not begun pending again."""
        for cohort in grid.cohorts:
            if not cohort.folds:
                continue
            left = self._remaining(cohort, now)
            waves = cohort.folds
            if cohort.wave_ns:
                waves = min(waves, max(0, math.ceil((left - ROUNDING) / cohort.wave_ns) - 1))
            cohort.folds = 0
            if waves:
                grid.pending += waves * cohort.blocks
                self._add_work(cohort, now, -waves * cohort.wave_ns)

    def _remaining(self, cohort: Cohort, now: int) -> float:
        if cohort.grid.spec.contends:
            return self._flow.active[cohort.number].remaining(now)
        return self._run.due[cohort.number] - now

    def _add_work(self, cohort: Cohort, now: int, ns: int) -> None:
        if cohort.grid.spec.contends:
            self._flow.change(cohort.number, now, ns)
        else:
            self._end_at(cohort.number, self._run.due[cohort.number] + ns)

    # Programmatic dependent launch

    def _plan_trigger(self, grid: Grid, now: int) -> None:
        """All blocks have started: the time of the last ``launch_dependents`` is known."""
        after = grid.spec.work.trigger_ns
        if after is None or (grid.early and after > grid.spec.work.prologue_ns):
            return
        self._trigger_at(grid, now + round(after))

    def _trigger_at(self, grid: Grid, at: int) -> None:
        heappush(self._run.heap, at << SHIFT | AT_OTHER | grid.node)

    def primary_ended(self, node: int, now: int) -> None:
        """The kernel that ``node`` depends on has ended and flushed its memory."""
        grid = self._grids.get(node)
        if grid is None or not grid.early:
            return
        grid.early = False
        released = now + self._gaps.pdl_flush
        for cohort in grid.cohorts:
            at = max(cohort.begin + round(grid.spec.work.prologue_ns), released)
            cohort.main = at
            heappush(self._run.heap, at << SHIFT | AT_OTHER | cohort.number)
        after = grid.spec.work.trigger_ns
        if after is not None and not grid.pending and after > grid.spec.work.prologue_ns:
            last = max(c.main for c in grid.cohorts)
            self._trigger_at(grid, last + round(after - grid.spec.work.prologue_ns))

    def begin_main(self, cohort: Cohort, now: int) -> None:
        """Blocks return from ``griddepcontrol.wait``."""
        grid = cohort.grid
        overhead = self._sm.kernel_ns if cohort.begin == grid.begin else 0
        cohort.wave_ns = cohort.where.share(grid.spec, cohort.blocks, main=True).alone_ns
        self._work(cohort, now, overhead + cohort.wave_ns, main=True)

    # Collectives

    def _meet(self, cohort: Cohort, now: int) -> None:
        """A part of a collective is there; the last one to come lets all of them run."""
        run = self._run
        first, ranks = run.peers[cohort.grid.node]
        there = run.gathered.setdefault(first, [])
        there.append(cohort)
        if len(there) < ranks:
            return
        ends = now + self._sm.kernel_ns + cohort.grid.spec.share(1).alone_ns
        for part in run.gathered.pop(first):
            self._end_at(part.number, ends)
