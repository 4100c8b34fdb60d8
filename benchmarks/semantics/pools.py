"""Stream-ordered allocation: cold, warm, and after the pool gave memory back."""

from __future__ import annotations

from typing import Any

from cuda.bindings import driver, runtime

from benchmarks.semantics.lab import Json, Lab, check, median, timed


class Block:
    """One stream-ordered allocation after another."""

    def __init__(self, stream: Any, size: int) -> None:
        self.stream, self.size = stream, size
        self.pointer: Any = None

    def malloc(self) -> None:
        self.pointer = check(runtime.cudaMallocAsync(self.size, self.stream))

    def free(self) -> None:
        check(runtime.cudaFreeAsync(self.pointer, self.stream))


def pools(lab: Lab) -> Json:
    """Host time of stream-ordered allocation: cold, warm, and after the pool was trimmed."""
    pool = check(runtime.cudaDeviceGetDefaultMemPool(0))
    size = 64 << 20
    attr = runtime.cudaMemPoolAttr

    def reserved() -> int:
        return int(
            check(runtime.cudaMemPoolGetAttribute(pool, attr.cudaMemPoolAttrReservedMemCurrent))
        )

    def threshold(n: int) -> None:
        check(
            runtime.cudaMemPoolSetAttribute(
                pool, attr.cudaMemPoolAttrReleaseThreshold, driver.cuuint64_t(n)
            )
        )

    result: Json = {}
    for name, keep in (("threshold 0", 0), ("threshold max", (1 << 64) - 1)):
        threshold(keep)
        check(runtime.cudaMemPoolTrimTo(pool, 0))
        first, again, frees, syncs, after_sync = [], [], [], [], []
        held = 0
        block = Block(lab.a, size)
        for _ in range(7):
            check(runtime.cudaMemPoolTrimTo(pool, 0))
            first.append(timed(block.malloc))
            frees.append(timed(block.free))
            again.append(timed(block.malloc))
            block.free()
            syncs.append(timed(lambda: check(runtime.cudaStreamSynchronize(lab.a))))
            held = reserved()
            after_sync.append(timed(block.malloc))
            block.free()
            lab.sync()
        result[name] = {
            "malloc cold": median(first),
            "free": median(frees),
            "malloc warm": median(again),
            "stream sync": median(syncs),
            "reserved after sync": held,
            "malloc after sync": median(after_sync),
        }
    threshold(0)
    return result
