"""Blocks that each load a whole tile, beside clusters that load it once. One call on a GPU.

Correctness first, for each size of the cluster and several numbers of tiles, blocks and rounds:
integers for equality, outputs poisoned before and guarded behind, the bytes that the kernels count.
Then the time of a batch and the operands' bytes a second, medians of interleaved rounds.

    python -m benchmarks.cluster [--quick] [--output cluster.json]

Bytes from L2 to the SMs and from device memory, by Nsight Compute beside the kernel's own count:

    ncu -k regex:tile_per --metrics l1tex__m_xbar2l1tex_read_bytes.sum,dram__bytes_read.sum,\
lts__t_sectors_op_read.sum python -m benchmarks.cluster --quick

Device-side checks:

    compute-sanitizer --tool memcheck --report-api-errors no python -m benchmarks.cluster --quick
    compute-sanitizer --tool racecheck python -m benchmarks.cluster --quick
    compute-sanitizer --tool synccheck python -m benchmarks.cluster --quick
    compute-sanitizer --tool initcheck python -m benchmarks.cluster --quick
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.device_bench import DeviceBench
from timeline.program import Builder
from timeline.techniques.cluster_dsmem import (
    CLUSTERS,
    FORMS,
    TILE,
    bytes_read,
    combined,
    launch,
)

CASES = [(1, 1, 4), (3, 2, 8), (33, 5, 132), (132, 3, 264), (50, 7, 528)]
"""Tiles, rounds, blocks a cluster of 4 has in the grid."""

GUARD = 4096
Json = dict[str, Any]


class Batch:
    """Operands of one launch on the device."""

    def __init__(self, tiles: int, rounds: int) -> None:
        self.tiles, self.rounds = tiles, rounds
        self.a = torch.randint(-4, 4, (tiles, TILE, TILE), device="cuda").float()
        self.b = torch.randint(-4, 4, (rounds, TILE, TILE), device="cuda").float()
        self.c = torch.full((tiles * TILE * TILE + GUARD,), float("nan"), device="cuda")
        self.read = torch.zeros(1, dtype=torch.int64, device="cuda")

    def issue(self, bench: DeviceBench, **how: Any) -> Callable[[], None]:
        b = Builder("bench")
        tensors = (self.a, self.b, self.c, self.read)
        buffers = [b.device(f"buffer {i}", t.nbytes) for i, t in enumerate(tensors)]
        one, two, three, four = buffers
        how |= {"tiles": self.tiles, "rounds": self.rounds}
        launch(b, b.stream("stream"), one, two, three, four, **how)
        addresses = {x: t.data_ptr() for x, t in zip(buffers, tensors, strict=True)}
        return bench.prepared(b, addresses)


def wrong(bench: DeviceBench, batch: Batch, **how: Any) -> str:
    """What is wrong with the result of one launch; empty when nothing is."""
    try:
        bench.run(batch.issue(bench, **how))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    count = batch.tiles * TILE * TILE
    found = batch.c[:count].reshape(batch.tiles, TILE, TILE).cpu().numpy()
    if not bool(torch.isnan(batch.c[count:]).all()):
        return "wrote outside of its output"
    differ = int((found != combined(batch.a.cpu().numpy(), batch.b.cpu().numpy())).sum())
    if differ:
        return f"{differ} of {count} elements differ"
    read, wanted = (
        int(batch.read),
        bytes_read(batch.tiles, batch.rounds, how["cluster"], how["way"]),
    )
    return "" if read == wanted else f"{read} bytes read, not {wanted}"


def correctness(bench: DeviceBench, cases: list[tuple[int, int, int]]) -> list[Json]:
    rows = []
    for cluster in CLUSTERS:
        for tiles, rounds, blocks in cases:
            grid = blocks // 4 * cluster
            for way in FORMS:
                torch.manual_seed(tiles)
                batch = Batch(tiles, rounds)
                how = {"grid": grid, "cluster": cluster, "way": way}
                row = {"tiles": tiles, "rounds": rounds, **how}
                rows.append({**row, "wrong": wrong(bench, batch, **how)})
    return rows


GRIDS: dict[int, tuple[int, ...]] = {
    2: (132, 264, 528),
    4: (120, 132, 240, 264, 528),
    8: (120, 264, 528),
    16: (112, 256, 512),
}
"""Blocks; of clusters of 4 and 8, 120 and 240 fit on 132 SMs at once, 132 and 264 do not."""


def rates(bench: DeviceBench, tiles: int, rounds: int, repeats: int) -> list[Json]:
    """Time of a batch in each way, interleaved; medians."""
    batch = Batch(tiles, rounds)
    ways: list[Json] = [
        {"grid": grid, "cluster": cluster, "way": way, "cooperative": cooperative}
        for cluster in CLUSTERS
        for grid in GRIDS[cluster]
        for way in FORMS
        for cooperative in ((False, True) if way == "shares" and cluster == 4 else (False,))
    ]
    issues, rows = list[Callable[[], None]](), list[Json]()
    for way in ways:
        try:
            issue = batch.issue(bench, **way)
            bench.run(issue)
        except Exception as error:
            rows.append({**way, "failed": f"{type(error).__name__}: {error}"})
            continue
        issues.append(issue)
        rows.append({**way, "times": []})
    timed = [row for row in rows if "times" in row]
    for _ in range(repeats):
        for issue, row in zip(issues, timed, strict=True):
            row["times"].append(bench.ns(issue, 10))
    for row in timed:
        row["us"] = statistics.median(row.pop("times")) / 1e3
        of_tiles = bytes_read(tiles, rounds, row["cluster"], "shares")
        row["operand_gbps"] = of_tiles / row["us"] / 1e3
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="Tiles shared by blocks, and by clusters.")
    parser.add_argument("--quick", action="store_true", help="few small cases, no timing")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    bench = DeviceBench()
    results: Json = {"device": bench.name}
    results["correctness"] = correctness(bench, CASES[:2] if options.quick else CASES)
    bad = [row for row in results["correctness"] if row["wrong"]]
    print(f"{len(results['correctness']) - len(bad)} of {len(results['correctness'])} right")
    for row in bad:
        print("  ", row)
    if not options.quick:
        results["rates"] = rates(bench, 120, 48, 5)
        print("120 tiles, 48 rounds: grid, cluster, way, µs, operands (each once) in GB/s")
        for row in results["rates"]:
            way = row["way"] + (", cooperative" if row["cooperative"] else "")
            figures = row.get("failed") or f"{row['us']:9.1f} {row['operand_gbps']:8.0f}"
            print(f"  {row['grid']:5} {row['cluster']:3} {way:22} {figures}")
    if options.output:
        options.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
