"""The pipeline, in CuPy: chunks copied in, scaled and copied out on two streams."""

import cupy
import numpy as np

CHUNKS, STREAMS = 8, 2
ELEMENTS = 2 << 20


def pinned() -> np.ndarray:
    memory = cupy.cuda.alloc_pinned_memory(CHUNKS * ELEMENTS * 4)
    return np.frombuffer(memory, np.float32, CHUNKS * ELEMENTS).reshape(CHUNKS, ELEMENTS)


class Pipeline:
    def __init__(self) -> None:
        self.source, self.target = pinned(), pinned()
        self.source[:] = 1.0
        self.streams = [cupy.cuda.Stream(non_blocking=True) for _ in range(STREAMS)]
        self.slots = [cupy.empty(ELEMENTS, cupy.float32) for _ in range(STREAMS)]

    def step(self) -> None:
        for chunk in range(CHUNKS):
            stream, slot = self.streams[chunk % STREAMS], self.slots[chunk % STREAMS]
            with stream:
                slot.set(self.source[chunk], stream=stream)
                for _ in range(16):
                    cupy.multiply(slot, 1.5, out=slot)
                slot.get(stream=stream, out=self.target[chunk], blocking=False)
        for stream in self.streams:
            stream.synchronize()
