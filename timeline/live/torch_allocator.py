"""Scratch memory that grows from batch to batch, out of PyTorch's allocator, which has a limit.

``PYTORCH_ALLOC_CONF=backend:cudaMallocAsync`` must be set before the process starts; without it
PyTorch's own caching allocator is used.
"""

from __future__ import annotations

import os

import torch

from timeline.live.repeats import phase, session

WIDTH = 1024
DISTINCT = 1000
MIB = 1 << 20
ROOM = 1.05
"""The limit, as a multiple of the largest scratch, above what is needed besides."""


def main() -> None:
    """Run the variant."""
    run = session({"batches": 10, "scratch_mib": 32, "grow_mib": 4})
    backend = "cudaMallocAsync" if run.variant == "cuda_malloc_async" else "native"
    if torch.cuda.get_allocator_backend() != backend:
        raise SystemExit(
            f"torch_allocator: {run.variant} needs the allocator {backend!r}, but with "
            f"PYTORCH_ALLOC_CONF={os.environ.get('PYTORCH_ALLOC_CONF', '')!r} PyTorch "
            f"{torch.__version__} has {torch.cuda.get_allocator_backend()!r}"
        )
    first, step = (run.values[key] * MIB // (4 * WIDTH) for key in ("scratch_mib", "grow_mib"))
    rows = [first + index * step for index in range(run.values["batches"])]
    source = ((torch.arange(rows[-1] * WIDTH) * 7) % DISTINCT).float().reshape(rows[-1], WIDTH)
    wanted = torch.zeros(rows[-1], WIDTH)
    for count in rows:
        wanted[:count] += torch.roll(source[:count], 1, dims=1)
    inputs = source.cuda()
    turn = torch.roll(torch.eye(WIDTH), 1, dims=1).cuda()
    total = torch.zeros(rows[-1], WIDTH, device="cuda")

    def once() -> None:
        with phase("pipeline"):
            for index, count in enumerate(rows):
                with phase(f"batch {index}", "batch"):
                    scratch = inputs[:count] @ turn  # allocates; freed when the next is there
                    total[:count].add_(scratch)
                    del scratch
        with phase("finish"):
            torch.cuda.synchronize()

    limited = False

    def prepare() -> None:
        nonlocal limited
        if not limited:
            inputs[: rows[0]] @ turn  # cuBLAS takes its workspace
        total.zero_()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        if not limited:
            whole = torch.cuda.get_device_properties(0).total_memory
            largest = 4 * WIDTH * rows[-1]
            limit = torch.cuda.memory_reserved() + ROOM * largest
            torch.cuda.set_per_process_memory_fraction(limit / whole)
            limited = True

    def check() -> None:
        if not torch.equal(total.cpu(), wanted):
            raise SystemExit("torch_allocator: the sum of the batches is not the known answer")

    torch.backends.cuda.matmul.allow_tf32 = False
    run.versions |= {"torch": torch.__version__, "allocator": backend}
    run.run(once, prepare, check)


if __name__ == "__main__":
    main()
