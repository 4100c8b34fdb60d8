"""Are the matrix products right, and how fast beside cuBLAS? One call on a Hopper GPU.

Correctness first: every form over many sizes (tails of each side, one row, odd sizes and a
misaligned base for the portable form), random values against float64 by ``‖out - ref‖ / ‖ref‖`` and
integers for equality, outputs poisoned before and guarded behind. Then rates at 4096³ in bf16 with
random values, all forms and ``torch.matmul`` interleaved, medians. Then dependent pairs with and
without programmatic dependent launch. Each entry is measured in a process of its own: a fault on
the GPU keeps no other from being tried.

    python -m benchmarks.gemm [--quick] [--output gemm.json]

Device-side checks, a few small sizes each, for every entry:

    compute-sanitizer --tool memcheck --report-api-errors no \\
        python -m benchmarks.gemm --quick --entry gemm_cluster
    compute-sanitizer --tool racecheck python -m benchmarks.gemm --quick --entry gemm_cluster
    compute-sanitizer --tool synccheck python -m benchmarks.gemm --quick --entry gemm_cluster
    compute-sanitizer --tool initcheck python -m benchmarks.gemm --quick --entry gemm_cluster
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.device_bench import DeviceBench
from timeline.program import Builder
from timeline.techniques.gemm import Form, Size, product

FORMS = {
    "tiled": Form("gemm_tiled"),
    "wgmma 128x128, 3 stages, 2 blocks an SM": Form("gemm_wgmma"),
    "wgmma 128x128, 1 consumer": Form("gemm_wgmma", consumers=1),
    "wgmma 128x256, 4 stages, 1 block an SM": Form(
        "gemm_wgmma", tile_n=256, stages=4, blocks_per_sm=1
    ),
    "cluster 128x128, 3 stages, 2 blocks an SM": Form("gemm_cluster"),
    "cluster 128x128, 1 consumer": Form("gemm_cluster", consumers=1),
    "cluster 128x128, 6 stages, 1 block an SM": Form("gemm_cluster", stages=6, blocks_per_sm=1),
    "cluster 128x256, 4 stages, 1 block an SM": Form(
        "gemm_cluster", tile_n=256, stages=4, blocks_per_sm=1
    ),
}
SIZES = [
    Size(128, 128, 64),
    Size(256, 256, 192),
    Size(1, 8, 8),
    Size(130, 136, 72),
    Size(200, 328, 1000),
    Size(1000, 24, 520),
    Size(100, 264, 2000),
    Size(2048, 1024, 1024),
]
ODD_SIZES = [Size(37, 13, 5), Size(129, 131, 67), Size(1, 1, 1)]
QUICK_SIZES = [Size(130, 136, 136), Size(300, 264, 328)]
FULL = Size(4096, 4096, 4096)
PAIRED = (Size(2048, 1024, 1024), Size(4096, 4096, 4096))
GUARD = 4096
ENTRIES = ("gemm_tiled", "gemm_wgmma", "gemm_cluster")
TIMEOUT_S = 120
Json = dict[str, Any]


def prepared(
    bench: DeviceBench, form: Form, size: Size, addresses: Sequence[int], **how: Any
) -> Callable[[], None]:
    """A launch of ``target = f(left rightᵀ)``; addresses: of the three, and of the count."""
    b = Builder("bench")
    left = b.device("left", 2 * size.m * size.k)
    right = b.device("right", 2 * size.n * size.k)
    target = b.device("target", 2 * size.m * size.n)
    read = b.device("read", 8)
    product(b, b.stream("stream"), left, right, target, read, size, form, **how)
    return bench.prepared(b, dict(zip((left, right, target, read), addresses, strict=True)))


def values(rows: int, columns: int, *, whole: bool) -> Any:
    if whole:
        return torch.randint(-4, 4, (rows, columns), device="cuda").to(torch.bfloat16)
    return torch.randn(rows, columns, device="cuda").to(torch.bfloat16)


def guarded(count: int) -> Any:
    """``count`` elements and a guard behind them, all NaN."""
    return torch.full((count + GUARD,), float("nan"), dtype=torch.bfloat16, device="cuda")


def compare(bench: DeviceBench, form: Form, size: Size, *, whole: bool, shift: int = 0) -> float:
    """Relative error against float64 (for integers: of differing elements); raises when wrong.

    ``shift``: elements by which every base is off the allocation's.
    """
    left, right = values(size.m, size.k, whole=whole), values(size.n, size.k, whole=whole)
    room = [torch.empty(t.numel() + shift, dtype=t.dtype, device="cuda") for t in (left, right)]
    for place, source in zip(room, (left, right), strict=True):
        place[shift:] = source.flatten()
    target = guarded(size.m * size.n + shift)
    read = torch.zeros(1, dtype=torch.int64, device="cuda")
    addresses = [*(t.data_ptr() + 2 * shift for t in (*room, target)), read.data_ptr()]
    bench.run(prepared(bench, form, size, addresses, wrap=8 if whole else 0))
    wanted = left.double() @ right.double().T
    if whole:
        wanted = torch.remainder(wanted + 4, 8) - 4
    stop = shift + size.m * size.n
    found = target[shift:stop].reshape(size.m, size.n).double()
    if not (torch.isnan(target[:shift]).all() and torch.isnan(target[stop:]).all()):
        raise AssertionError("wrote outside of its output")
    if int(read) != form.bytes_read(size):
        raise AssertionError(f"{int(read)} bytes read, not {form.bytes_read(size)}")
    error = float((found - wanted).norm() / wanted.norm().clamp(min=1e-30))
    limit = 0.0 if whole else 4e-3  # bf16 rounds by up to 2 ** -9
    if not error <= limit:
        raise AssertionError(f"relative error {error:.3g}")
    return error


def correctness(
    bench: DeviceBench, forms: Mapping[str, Form], sizes: list[Size], odd: list[Size]
) -> list[Json]:
    rows = []
    for name, form in forms.items():
        cases = [(size, 0) for size in sizes]
        if not form.uses_tma:
            cases += [(size, shift) for size in odd for shift in (0, 1)]
        for size, shift in cases:
            for whole in (True, False):
                try:
                    error, wrong = compare(bench, form, size, whole=whole, shift=shift), ""
                except Exception as failure:
                    error, wrong = float("nan"), f"{type(failure).__name__}: {failure}"
                row = {"form": name, "size": (size.m, size.n, size.k), "shift": shift}
                rows.append({**row, "integers": whole, "error": error, "wrong": wrong})
    return rows


def rates(
    bench: DeviceBench, forms: Mapping[str, Form], size: Size, rounds: int, times: int
) -> Json:
    """TFLOP/s of each form and of cuBLAS, interleaved; medians over the rounds."""
    left, right = values(size.m, size.k, whole=False), values(size.n, size.k, whole=False)
    target = torch.empty(size.m, size.n, dtype=torch.bfloat16, device="cuda")
    read = torch.zeros(1, dtype=torch.int64, device="cuda")
    issues: dict[str, Callable[[], object]] = {
        "cuBLAS": lambda: torch.matmul(left, right.T, out=target)
    }
    failed = {}
    for name, form in forms.items():
        try:
            addresses = [t.data_ptr() for t in (left, right, target, read)]
            issues[name] = prepared(bench, form, size, addresses)
            bench.ns(issues[name], 2)
        except Exception as failure:
            failed[name] = f"{type(failure).__name__}: {failure}"
            issues.pop(name, None)
    bench.ns(issues["cuBLAS"], 2)
    found: dict[str, list[float]] = {name: [] for name in issues}
    for _ in range(rounds):
        for name, issue in issues.items():
            found[name].append(size.flops / bench.ns(issue, times) / 1e3)
    median = {name: statistics.median(each) for name, each in found.items()}
    spread = {name: max(each) - min(each) for name, each in found.items()}
    return {"size": (size.m, size.n, size.k), "tflops": median, "spread": spread, "failed": failed}


def pairs(bench: DeviceBench, form: Form, size: Size, rounds: int, count: int) -> Json:
    """µs of a pair ``C = A Bᵀ``, ``E = C Dᵀ``: in stream order, and with PDL, late and early."""
    second = Size(size.m, size.k, size.n)
    a, weights = values(size.m, size.k, whole=False), values(size.n, size.k, whole=False)
    d = values(size.k, size.n, whole=False)
    c, e = (torch.empty(size.m, n, dtype=torch.bfloat16, device="cuda") for n in (size.n, size.k))
    read = torch.zeros(1, dtype=torch.int64, device="cuda")
    first, both = (a, weights, c, read), (c, d, e, read)

    def made(*, pdl: bool, early: bool) -> Callable[[], None]:
        one = prepared(bench, form, size, [t.data_ptr() for t in first], early=early)
        two = prepared(bench, form, second, [t.data_ptr() for t in both], pdl=pdl)

        def issue() -> None:
            one()
            two()

        return issue

    issues = {
        "stream order": made(pdl=False, early=False),
        "PDL": made(pdl=True, early=False),
        "PDL, early trigger": made(pdl=True, early=True),
    }
    found: dict[str, list[float]] = {name: [] for name in issues}
    for _ in range(rounds):
        for name, issue in issues.items():
            found[name].append(bench.ns(issue, count) / 1e3)
    return {name: statistics.median(each) for name, each in found.items()}


def measure(entry: str, *, quick: bool) -> Json:
    """Everything about the forms of one entry."""
    torch.manual_seed(0)
    bench = DeviceBench()
    forms = {name: form for name, form in FORMS.items() if form.entry == entry}
    if quick:
        return {"correctness": correctness(bench, forms, QUICK_SIZES, ODD_SIZES[:1])}
    results: Json = {
        "device": bench.name,
        "correctness": correctness(bench, forms, [*SIZES, FULL], ODD_SIZES),
        "rates": [rates(bench, forms, *each) for each in ((FULL, 7, 10), (PAIRED[0], 7, 50))],
        "pairs": [],
    }
    for size, count in zip(PAIRED, (30, 6), strict=True):
        for name, form in forms.items():
            if form.uses_tma:
                row = {"size": (size.m, size.n, size.k), "form": name}
                results["pairs"].append({**row, "us": pairs(bench, form, size, 7, count)})
    return results


def show(results: Json) -> bool:
    """Print the tables of one entry; whether everything was right."""
    right = [row for row in results["correctness"] if not row["wrong"]]
    print(f"  {len(right)} of {len(results['correctness'])} products right")
    for row in results["correctness"]:
        if row["wrong"]:
            kind = "integers" if row["integers"] else "random"
            print(f"  {row['form']}, {row['size']}, +{row['shift']}, {kind}: {row['wrong']}")
    for table in results.get("rates", []):
        cublas = table["tflops"]["cuBLAS"]
        print(f"  TFLOP/s at {table['size']}")
        for name, rate in table["tflops"].items():
            half = table["spread"][name] / 2
            print(f"    {name:44} {rate:7.1f} ± {half:5.1f}  {rate / cublas:.2f} of cuBLAS")
        for name, why in table["failed"].items():
            print(f"    {name:44} {why}")
    for row in results.get("pairs", []):
        times = ", ".join(f"{name} {us:.2f}" for name, us in row["us"].items())
        print(f"  µs a pair of {row['size']}, {row['form']}: {times}")
    return len(right) == len(results["correctness"])


def apart(entry: str, *, quick: bool) -> Json:
    """Measure one entry in a process of its own: a fault on the GPU ends that one alone."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, "-m", "benchmarks.gemm", "--entry", entry, "--output", file.name]
        try:
            done = subprocess.run(
                [*command, *(["--quick"] if quick else [])],
                timeout=TIMEOUT_S,
                capture_output=True,
                text=True,
                check=False,
            )
            return dict(json.loads(Path(file.name).read_text(encoding="utf-8")))
        except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            lines = "" if isinstance(error, subprocess.TimeoutExpired) else done.stderr
            why = (lines.strip().splitlines() or [f"{type(error).__name__}"])[-1]
            print(f"  {why}")
            return {"correctness": [], "failed": why}


def main() -> int:
    parser = argparse.ArgumentParser(description="Matrix products: correctness and rates.")
    parser.add_argument("--quick", action="store_true", help="small sizes alone, no timing")
    parser.add_argument("--entry", choices=ENTRIES, help="one entry, in this process")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if options.entry:
        results = {options.entry: measure(options.entry, quick=options.quick)}
    else:
        results = {entry: apart(entry, quick=options.quick).get(entry, {}) for entry in ENTRIES}
    if options.output:
        options.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    right = True
    for entry, found in results.items():
        print(entry)
        right = bool(found) and show(found) and right
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
