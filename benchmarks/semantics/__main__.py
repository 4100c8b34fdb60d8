"""What each CUDA call waits for and costs: what the simulator's device files rest on.

On a machine with a GPU, from the root of the checkout::

    python -m benchmarks.semantics --out samples/calibration/h200_semantics.json

Truth comes from two clocks that need no profiler: the host's around each call, and ``%globaltimer``
stamps that the kernels write. Every figure is a median, in ns unless its name says other.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

from cuda.bindings import runtime

from benchmarks.semantics.capacity import concurrency, queue_depth, rates
from benchmarks.semantics.collectives import collectives
from benchmarks.semantics.copies import copies
from benchmarks.semantics.lab import Json, Lab, check
from benchmarks.semantics.order import gaps, graphs, pdl, sync_latency
from benchmarks.semantics.peer import peer
from benchmarks.semantics.pools import pools
from benchmarks.semantics.waits import waits

EXPERIMENTS: dict[str, Callable[[Lab], Json]] = {
    "waits": waits,
    "copies": copies,
    "gaps": gaps,
    "sync_latency": sync_latency,
    "concurrency": concurrency,
    "queue_depth": queue_depth,
    "pdl": pdl,
    "rates": rates,
    "pools": pools,
    "graphs": graphs,
    "peer": peer,
    "collectives": collectives,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="measure what CUDA calls wait for")
    parser.add_argument("--out", type=Path, default=Path("semantics.json"))
    parser.add_argument("--only", nargs="*", choices=list(EXPERIMENTS), default=list(EXPERIMENTS))
    arguments = parser.parse_args()
    lab = Lab()
    p = lab.properties
    result: Json = {
        "device": {
            "name": p.name.decode().rstrip("\0"),
            "sm_count": p.multiProcessorCount,
            "copy_engines": p.asyncEngineCount,
            "memory_bytes": p.totalGlobalMem,
            "l2_bytes": p.l2CacheSize,
            "threads_per_sm": p.maxThreadsPerMultiProcessor,
            "blocks_per_sm": p.maxBlocksPerMultiProcessor,
            "registers_per_sm": p.regsPerMultiprocessor,
            "shared_per_sm": p.sharedMemPerMultiprocessor,
            "shared_per_block_optin": p.sharedMemPerBlockOptin,
            "driver": check(runtime.cudaDriverGetVersion()),
            "runtime": check(runtime.cudaRuntimeGetVersion()),
        },
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
    for name in arguments.only:
        start = time.perf_counter()
        try:
            result[name] = EXPERIMENTS[name](lab)
        except (
            Exception
        ) as error:  # one experiment that this device refuses must not cost the others
            result[name] = {"error": f"{type(error).__name__}: {error}"}
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
