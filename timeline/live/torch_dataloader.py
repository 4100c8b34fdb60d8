"""Batches out of a DataLoader, copied to the GPU and multiplied: pageable, pinned, prefetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from timeline.live.repeats import phase, session

WIDTH = 1024
DISTINCT = 1000
"""Values of a batch: sums over all batches stay exact in float32."""


class Batches(Dataset[Any]):  # type: ignore[misc]
    """Whole batches in pageable memory, so that the loader has nothing to put together."""

    def __init__(self, count: int, rows: int) -> None:
        size = rows * WIDTH
        self._batches = [
            ((torch.arange(size) * 7 + index) % DISTINCT).float().reshape(rows, WIDTH)
            for index in range(count)
        ]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Any:
        return self._batches[index]


def on_device(loader: Any, copies: Any) -> Iterator[Any]:
    """Each batch on the GPU: copied in the compute stream, or ahead of it in ``copies``."""
    if copies is None:
        for batch in loader:
            yield batch.to("cuda", non_blocking=True)
        return
    compute = torch.cuda.current_stream()
    ahead = None
    for batch in loader:
        with torch.cuda.stream(copies):
            following = batch.to("cuda", non_blocking=True)
            arrived = copies.record_event()
        if ahead is not None:
            yield handed_over(*ahead, compute)
        ahead = (following, arrived)
    if ahead is not None:
        yield handed_over(*ahead, compute)


def handed_over(batch: Any, arrived: Any, compute: Any) -> Any:
    """A batch that the compute stream waits for, and whose memory it keeps until then."""
    compute.wait_event(arrived)
    batch.record_stream(compute)
    return batch


def fill_pinned_cache(batches: int, rows: int) -> None:
    """Let PyTorch's cache of pinned memory grow to all that a pass may have in flight.

    It grows by a ``cudaHostAlloc`` of several ms whenever the host has got further ahead than ever
    before: in a long training soon never again, in a few recorded repeats at random.
    """
    held = [torch.empty(rows, WIDTH, pin_memory=True) for _ in range(batches)]
    del held


def main() -> None:
    """Run the variant."""
    run = session({"batches": 6, "batch_mib": 16, "layers": 16})
    rows = run.values["batch_mib"] * (1 << 20) // (4 * WIDTH)
    data = Batches(run.values["batches"], rows)
    loader = DataLoader(data, batch_size=None, pin_memory=run.variant != "pageable")
    copies = torch.cuda.Stream() if run.variant == "prefetch" else None
    # Each layer turns the columns by one place: exact, and one left out shows.
    turn = torch.roll(torch.eye(WIDTH), 1, dims=1).cuda()
    total = torch.zeros(rows, WIDTH, device="cuda")
    layers = run.values["layers"]
    wanted = sum(torch.roll(data[i], layers, dims=1).double() for i in range(len(data)))

    if loader.pin_memory:
        fill_pinned_cache(len(data), rows)

    def once() -> None:
        with phase("pipeline"):
            for batch in on_device(loader, copies):
                with phase("batch", "batch"):
                    hidden = batch
                    for _ in range(layers):
                        hidden = hidden @ turn
                    total.add_(hidden)
        with phase("finish"):
            torch.cuda.synchronize()

    def prepare() -> None:
        total.zero_()
        torch.cuda.synchronize()

    def check() -> None:
        if not torch.equal(total.cpu().double(), wanted):
            raise SystemExit("torch_dataloader: the sum of the batches is not the known answer")

    torch.backends.cuda.matmul.allow_tf32 = False
    run.versions["torch"] = torch.__version__
    run.run(once, prepare, check)


if __name__ == "__main__":
    main()
