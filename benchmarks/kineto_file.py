"""A Kineto trace of any size, the same for the same seed: five events for each GPU event.

    python -m benchmarks.kineto_file OUT.json --gpu-events 1000000

Laid out as PyTorch's Kineto lays it out (output_json.cpp), with its fields in its order: an
operator, a runtime call, the kernel, copy or memset, and the two ends of the arrow between the
call and it. Kernels run on one stream, collectives and copies beside them on their own; a hundredth
of the kernels starts before the last one of its stream has ended, as under programmatic dependent
launch.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

PID, TID = 2910249, 2919752
BASE_NS = 1711964646000000000
FIRST_NS = 4458676388068751
COMPUTE, COMM, COPY = 7, 20, 16
MILLION = 1_000_000
SOON = FIRST_NS // 10**11
TS = f'"ts": {SOON}'

NAMES = [
    f"void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, {n}>"
    for n in range(60)
] + [f"sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize{n}x128x64_cublas" for n in range(60)]
COLLECTIVES = ("AllReduce_Sum_bf16_RING_LL", "AllGather_RING_LL", "ReduceScatter_Sum_f32_RING_LL")
COPIES = ("HtoD (Pinned -> Device)", "DtoH (Device -> Pinned)", "DtoD (Device -> Device)")
OPERATORS = [
    f"aten::{n}" for n in ("add_", "mul", "linear", "addmm", "copy_", "cat", "native_norm")
]


def us(ns: int) -> str:
    return f"{ns // 1000}.{ns % 1000:03d}"


def head(devices: int = 1) -> str:
    properties = ",\n".join(
        f"""    {{
      "id": {n}, "name": "NVIDIA H200", "totalGlobalMem": 150109880320,
      "computeMajor": 9, "computeMinor": 0, "numSms": 132
    }}"""
        for n in range(devices)
    )
    return f"""{{
  "schemaVersion": 1,
  "deviceProperties": [
{properties}
  ],
  "distributedInfo": {{"backend": "nccl", "rank": 0, "world_size": 8}},
  "traceEvents": [
  {{
    "name": "process_name", "ph": "M", "ts": {us(FIRST_NS)}, "pid": {PID}, "tid": 0,
    "args": {{
      "name": "python3"
    }}
  }}"""


def tail() -> str:
    return f"""
  ],
  "traceName": "trace.json",
  "displayTimeUnit": "ms",
  "baseTimeNanoseconds": {BASE_NS}
}}"""


def flow(end: str, number: int, pid: int, tid: int, ns: int) -> str:
    more = ', "bp": "e"' if end == "f" else ""
    return f""",
  {{
    "ph": "{end}", "id": {number}, "pid": {pid}, "tid": {tid}, "ts": {us(ns)},
    "cat": "ac2g", "name": "ac2g"{more}
  }}"""


def complete(cat: str, name: str, pid: int, tid: int, ns: int, lasts: int, args: str) -> str:
    return f""",
  {{
    "ph": "X", "cat": "{cat}", "name": "{name}", "pid": {pid}, "tid": {tid},
    "ts": {us(ns)}, "dur": {us(lasts)},
    "args": {{
      {args}
    }}
  }}"""


def launch_args(number: int, stream: int, grid: int) -> str:
    return (
        f'"External id": {number},      "queued": 0, "device": 0, "context": 1,      '
        f'"stream": {stream}, "correlation": {number},      "registers per thread": 40,      '
        f'"shared memory": 400,      "blocks per SM": {grid / 132:.6f},      '
        f'"warps per SM": {grid / 33:.6f},      "grid": [{grid}, 1, 1],      '
        '"block": [128, 1, 1],      "est. achieved occupancy %": 98'
    )


def events(count: int, seed: int = 1, first: int = 1) -> Iterator[str]:
    """The text of each GPU event with the four that belong to it, numbered from ``first``."""
    rng = random.Random(seed)
    host = FIRST_NS + 1_000_000
    free = {COMPUTE: host, COMM: host, COPY: host}
    for number in range(first, first + count):
        host += rng.randrange(2_000, 9_000)
        kind = rng.random()
        stream = COMPUTE if kind < 0.88 else COMM if kind < 0.94 else COPY
        early = 500 if rng.random() < 0.01 else 0
        start = max(host + 3_000, free[stream] + rng.randrange(0, 1_500) - early)
        lasts = rng.randrange(900, 9_000) * (8 if stream == COMM else 1)
        free[stream] = start + lasts
        if stream == COPY and kind < 0.98:
            name, cat = f"Memcpy {COPIES[number % 3]}", "gpu_memcpy"
            call = "cudaMemcpyAsync"
            args = (
                f'"External id": {number},      "device": 0, "context": 1,      "stream": {COPY}, '
                f'"correlation": {number},      "bytes": {lasts * 40}, '
                f'"memory bandwidth (GB/s)": {40 + kind:.16f}'
            )
        elif stream == COPY:
            name, cat, call = "Memset (Device)", "gpu_memset", "cudaMemsetAsync"
            args = (
                f'"External id": {number},      "device": 0, "context": 1,      "stream": {COPY}, '
                f'"correlation": {number},      "bytes": {lasts * 40}, '
                f'"memory bandwidth (GB/s)": {400 + kind:.16f}'
            )
        else:
            cat, call = "kernel", "cudaLaunchKernelExC" if stream == COMM else "cudaLaunchKernel"
            args = launch_args(number, stream, rng.randrange(1, 4000))
            name = NAMES[rng.randrange(len(NAMES))]
            if stream == COMM:
                name = f"ncclDevKernel_{COLLECTIVES[number % 3]}"
                args += (
                    ',      "Collective name": "allreduce", "In msg nelems": 2049000, '
                    '"Out msg nelems": 2049000, "Group size": 8, "dtype": "Float", '
                    '"In split size": "[]", "Out split size": "[]", "Process Group Name": "0", '
                    '"Process Group Description": "default_pg", '
                    '"Process Group Ranks": "[0, 1, 2, 3, 4, 5, 6, 7]"'
                )
        operator = (
            f'"External id": {number},"Record function id": 0, '
            f'"Input Dims": [[{number % 4096}, 1024], []], "Ev Idx": {number}'
        )
        yield (
            complete("cpu_op", OPERATORS[number % 7], PID, TID, host - 1_500, 4_000, operator)
            + complete(
                "cuda_runtime",
                call,
                PID,
                TID,
                host,
                1_200,
                f'"External id": {number},      "cbid": 211, "correlation": {number}',
            )
            + flow("s", number, PID, TID, host)
            + complete(cat, name, 0, stream, start, lasts, args)
            + flow("f", number, 0, stream, start)
        )


def write(path: Path, count: int, seed: int = 1) -> None:
    """Write a trace of ``count`` GPU events; beyond a million in whole ones, see :func:`later`."""
    most = min(count, MILLION)
    with path.open("w", encoding="utf-8", buffering=1 << 20) as file:
        file.write(head())
        begin = file.tell()
        file.writelines(events(most, seed, MILLION if count > MILLION else 1))
        end = file.tell()
        for block in range(1, count // MILLION):
            file.flush()
            file.writelines(later(path, begin, end, block))
        file.write(tail())


def later(path: Path, begin: int, end: int, block: int) -> Iterator[str]:
    """The first million events again, ``block`` times 100 s later, with correlation ids of its own.

    Only leading digits differ: a block takes less than 100 s, and its ids have as many digits.
    """
    with path.open(encoding="utf-8") as file:
        file.seek(begin)
        left = end - begin
        while left > 0:
            lines = "".join(file.readlines(min(left, 1 << 24)))[:left]
            left -= len(lines)
            yield lines.replace(TS, f'"ts": {SOON + block}').replace(
                '"correlation": 1', f'"correlation": {1 + block}'
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--gpu-events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    write(args.out, args.gpu_events, args.seed)
    print(f"{args.out}: {args.out.stat().st_size / 1e9:.3f} GB")


if __name__ == "__main__":
    main()
