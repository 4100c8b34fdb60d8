"""A CuPy pipeline to record: `timeline record examples/record_cupy.py`.

Four chunks are copied in, worked on and copied out on two streams, under NVTX ranges; at the end a
stray call uses the default stream.
"""

import cupy
import numpy as np
import nvtx

CHUNKS = 8
ELEMENTS = 1 << 21


@nvtx.annotate("work", color="green")
def work(array: cupy.ndarray) -> cupy.ndarray:
    for _ in range(4):
        array = cupy.sqrt(array * array + 1.0)
    return array


def main() -> None:
    streams = [cupy.cuda.Stream(non_blocking=True) for _ in range(2)]
    host = cupy.cuda.alloc_pinned_memory(CHUNKS * ELEMENTS * 4)
    source = np.frombuffer(host, np.float32, CHUNKS * ELEMENTS).reshape(CHUNKS, ELEMENTS)
    source[:] = 1.0
    results = []
    with nvtx.annotate("pipeline", domain="example"):
        for index in range(CHUNKS):
            with streams[index % 2], nvtx.annotate(f"chunk {index}"):
                device = cupy.empty(ELEMENTS, cupy.float32)
                device.set(source[index])
                results.append(work(device))
    for stream in streams:
        stream.synchronize()
    total = float(sum(cupy.sum(r) for r in results))
    expected = CHUNKS * ELEMENTS * np.sqrt(5.0)
    assert abs(total / expected - 1) < 1e-5, (total, expected)
    print(f"sum {total:.6g}")


if __name__ == "__main__":
    main()
