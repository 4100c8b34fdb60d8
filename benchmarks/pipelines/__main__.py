"""The warp-specialised kernels, attention and layers: right at every size, and how fast.

On a machine with a GPU, from the root of the checkout::

    python -m benchmarks.pipelines --out pipelines.json

and under a sanitizer (which takes the place of CUPTI)::

    compute-sanitizer --tool racecheck --report-api-errors no \
        python -m benchmarks.pipelines --cases --small --collector events --no-gate

A table comes out, and everything as JSON. A case that fails does not hide the others.
``--backend sim`` tries the script itself out; its figures are the simulator's.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.pipelines.cases import cases
from benchmarks.pipelines.speed import speed
from timeline.backends import RunOptions, open_backend, why_not_cuda
from timeline.backends.base import Backend
from timeline.program import Program

NO_GPU = 3
Row = dict[str, Any]


def attempt(do: Callable[[], Row]) -> Row:
    """Its row, or what went wrong."""
    try:
        return do()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def verified(backend: Backend, program: Program, options: RunOptions) -> Row:
    """How many known answers held."""
    return {"checked": backend.run(program, options).meta.verified}


def check(backend: Backend, *, small: bool, gate: bool) -> list[Row]:
    """Run every case; those that fail, with the reason."""
    failed = []
    count = 0
    for name, program in cases(small=small):
        count += 1
        options = RunOptions(repeat=1, warmup=0, gate=gate, stamps=count % 2 == 0)
        row = attempt(partial(verified, backend, program, options))
        if row.get("checked") != 1:
            failed.append({"case": name, **row})
    print(f"{count - len(failed)} of {count} cases are right")
    for row in failed:
        print("  WRONG", row)
    return failed


def measure(backend: Backend, sms: int) -> dict[str, Row]:
    """Run every experiment, and print it."""
    rows: dict[str, Row] = {}
    for name, experiment in speed(backend, sms):
        row = rows[name] = attempt(experiment)
        copy = rows["copy within the device"].get("GBps")
        if copy and "GBps" in row:
            row["of_the_copy"] = row["GBps"] / copy
        print(f"{name:44}", "  ".join(f"{key}={shown(value)}" for key, value in row.items()))
    return rows


def shown(value: Any) -> str:
    """A figure, short."""
    return f"{value:,.4g}" if isinstance(value, float) and value < 1000 else str(value)


def multiprocessors(name: str) -> int:
    """SMs of the device at hand."""
    if name == "sim":
        return 132
    from cuda.bindings import runtime

    status, properties = runtime.cudaGetDeviceProperties(0)
    assert not int(status)
    return int(properties.multiProcessorCount)


def main() -> int:
    """0 when every case is right and every experiment ran."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("pipelines.json"))
    parser.add_argument("--backend", choices=("cuda", "sim"), default="cuda")
    parser.add_argument("--collector", default="auto", choices=("auto", "cupti", "events"))
    parser.add_argument("--cases", action="store_true", help="only whether they are right")
    parser.add_argument("--small", action="store_true", help="leave long cases out")
    parser.add_argument("--no-gate", action="store_true")
    arguments = parser.parse_args()
    reason = why_not_cuda() if arguments.backend == "cuda" else ""
    if reason:
        print(f"no GPU: {reason}")
        return NO_GPU
    begin = time.monotonic()
    options = {"collector": arguments.collector} if arguments.backend == "cuda" else {}
    backend = open_backend(arguments.backend, **options)
    failed = check(backend, small=arguments.small, gate=not arguments.no_gate)
    rows = {} if arguments.cases else measure(backend, multiprocessors(arguments.backend))
    result = {"backend": arguments.backend, "wrong": failed, "speed": rows}
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{time.monotonic() - begin:.0f} s")
    return 1 if failed or any("error" in row for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
