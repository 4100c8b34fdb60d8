"""Figures of HolisticTraceAnalysis itself, for the tests to hold ours against.

    python -m venv HTA && HTA/bin/pip install HolisticTraceAnalysis==0.5.0 'pandas<3'
    HTA/bin/python tools/hta_figures.py

Reads the traces of PyTorch in ``tests/data/kineto``, and small ones made from a seed, with what
HTA's definitions turn on: rows shorter than a µs, synchronisations and host ranges that carry a
stream, several ``ProfilerStep`` and none, names that look like copies or synchronisations, calls
that are missing. Writes ``hta.json``, the figures, and ``hta_made.json.gz``, the small traces.
"""

from __future__ import annotations

import gzip
import json
import logging
import random
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "tests" / "data" / "kineto"
MADE = 60
SPAN = 200_000
NAMES = (
    "ncclDevKernel_AllReduce_Sum_f32",
    "ncclKernel_X",
    "gemm",
    "Memcpy HtoD (Pinned -> Device)",
    "Memset (Device)",
    "SyncBN_kernel",
    "myMemcpy",
    "multimem_all_reduce_kernel",
    "nccl_other",
)
SYNCS = ("Event Sync", "Stream Wait Event", "Stream Sync", "Context Sync")
HOST = (5, 6)
DEVICE = (0, 7)

Span = tuple[str, str, int, int, dict[str, Any], tuple[int, int]]


def category(name: str) -> str:
    """The category that Kineto gives to work of this name."""
    kinds = {"Memcpy": "gpu_memcpy", "Memset": "gpu_memset"}
    return kinds.get(name[:6], "kernel")


def spans(rng: random.Random) -> list[Span]:
    """Events: category, name, start, length, arguments, process and thread."""
    found: list[Span] = []
    steps = rng.choice([0, 1, 2, 3])
    for step in range(steps):
        start, name = step * SPAN // steps, f"ProfilerStep#{step}"
        found.append(("user_annotation", name, start, SPAN // steps - 1000, {}, HOST))
        if rng.random() < 0.5:
            later: Span = ("gpu_user_annotation", name, start + 3000, SPAN // steps, {}, DEVICE)
            found.append(later)
    for number in range(1, 2 * rng.randrange(1, 60), 2):
        issued = rng.randrange(SPAN)
        start = issued + rng.randrange(-2000, 20000)
        lasts = rng.choice([rng.randrange(1500), rng.randrange(9000)])
        name = rng.choice(NAMES)
        if rng.random() < 0.95:
            call: Span = (
                "cuda_runtime",
                "cudaLaunchKernel",
                issued,
                1200,
                {"correlation": number},
                HOST,
            )
            found.append(call)
        place = {"device": 0, "context": 1, "stream": rng.choice([7, 20]), "correlation": number}
        found.append((category(name), name, start, lasts, place, DEVICE))
        if rng.random() < 0.1:
            kind, other = rng.choice(SYNCS), {"correlation": number + 1}
            found.append(("cuda_runtime", "cudaSynchronize", issued, 1200, other, HOST))
            told = {"cuda_sync_kind": kind, "stream": rng.choice([-1, 7, 4294967295]), "device": 0}
            found.append(("cuda_sync", kind, start, lasts, {**told, **other}, DEVICE))
        if rng.random() < 0.05:
            launch = {"stream": 7, "kernel_backend": "triton"}
            found.append(("cpu_op", "triton_poi_fused_0", issued, 3000, launch, HOST))
        found.append(("cpu_op", "aten::add", issued, 3000, {"External id": number}, HOST))
    return found


def made(seed: int) -> str:
    """A trace, in ns or in whole µs."""
    rng = random.Random(seed)
    fine = rng.random() < 0.8
    base = rng.choice([0, 1711964646000000000])
    first = rng.choice([4458676388068751, 1700000000000000123, 2999])

    def us(ns: int) -> str:
        return f"{ns // 1000}.{ns % 1000:03d}" if fine else str(ns // 1000)

    events = [
        f'{{"ph": "X", "cat": "{cat}", "name": "{name}", "pid": {pid}, "tid": {tid}, '
        f'"ts": {us(first + start)}, "dur": {us(lasts)}, "args": {json.dumps(args)}}}'
        for cat, name, start, lasts, args, (pid, tid) in spans(rng)
    ]
    head = f'"schemaVersion": 1, "baseTimeNanoseconds": {base}, "distributedInfo": {{"rank": 0}}'
    return f'{{{head}, "traceEvents": [\n' + ",\n".join(events) + "\n]}"


def figures(path: Path) -> dict[str, Any] | str:
    """HTA's two rows as one, without rank; or the name of the error that it ends with."""
    from hta.trace_analysis import TraceAnalysis  # type: ignore[import-not-found]

    analysis = TraceAnalysis(trace_files={0: str(path)})
    try:
        found = analysis.get_temporal_breakdown(visualize=False).to_dict("records")[0]
        found |= analysis.get_comm_comp_overlap(visualize=False).to_dict("records")[0]
    except (AssertionError, IndexError) as error:
        return type(error).__name__
    del found["rank"]
    return {key: None if value != value else float(value) for key, value in found.items()}


def main() -> None:
    """Write both files."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    versions = {name: version(name) for name in ("HolisticTraceAnalysis", "pandas", "numpy")}
    files = {p.name: figures(p) for p in sorted(DATA.glob("*.json.gz")) if "hta_" not in p.name}
    small = [made(seed) for seed in range(MADE)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.json"
        ours = []
        for text in small:
            path.write_text(text)
            ours.append(figures(path))
    found = {"versions": versions, "files": files, "made": ours}
    (DATA / "hta.json").write_text(json.dumps(found, indent=1) + "\n")
    packed = gzip.compress(json.dumps(small).encode(), mtime=0)
    (DATA / "hta_made.json.gz").write_bytes(packed)


if __name__ == "__main__":
    main()
