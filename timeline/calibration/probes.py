"""What ``python -m benchmarks.semantics`` measured, as values of a device file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from timeline.backends.sim.device_model import Curve
from timeline.errors import TraceError, UsageError

__all__ = ["Probes", "read_probes"]

Json = Mapping[str, Any]
Values = dict[str, tuple[Any, str]]

SPIN_NS = 2_000
"""Of the kernels in the graphs."""

PROPERTIES = {
    "sm.count": "sm_count",
    "sm.threads": "threads_per_sm",
    "sm.blocks": "blocks_per_sm",
    "sm.registers": "registers_per_sm",
    "sm.shared_bytes": "shared_per_sm",
    "sm.block_shared_bytes": "shared_per_block_optin",
    "memory.bytes": "memory_bytes",
    "copy.engines": "copy_engines",
}

SIZES = {"4K": 1 << 12, "1K": 1 << 10, "32K": 1 << 15, "64K": 1 << 16, "128K": 1 << 17}
SIZES |= {"1M": 1 << 20, "64M": 1 << 26}

CALLS = (
    "cuLaunchKernelEx",
    "cudaEventRecord",
    "cudaStreamWaitEvent",
    "cudaStreamSynchronize",
    "cudaDeviceSynchronize",
)


@dataclass(frozen=True, eq=False, slots=True)
class Probes:
    """Values by their place in a device file, and points of curves to add to recorded ones.

    Attributes
    ----------
    values : mapping
        ``section.key`` to the value and the entry of the probes that it comes from.
    curves : mapping
        ``section.key`` to points.
    names : tuple of str
        The files.
    """

    values: Values = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def read_probes(files: Sequence[Path], gpu: str) -> Probes:
    """Read files of measurements, later ones over earlier ones.

    Parameters
    ----------
    gpu : str
        The driver's name of the device that is fitted.

    Raises
    ------
    UsageError
        For measurements of another GPU.
    TraceError
        For a file that holds none.
    """
    found: dict[str, Any] = {}
    for path in files:
        found |= {key: part for key, part in _read(path, gpu).items() if "skipped" not in part}
    made = Probes(names=tuple(path.name for path in files))
    for part in _PARTS:
        try:
            part(found, made)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            if part.__name__.removeprefix("_") in found:
                raise TraceError(f"{made.names}: not what benchmarks.semantics writes") from error
    return made


def _read(path: Path, gpu: str) -> Json:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        name = found["device"]["name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TraceError(f"{path}: not what benchmarks.semantics writes: {error}") from error
    if name != gpu:
        raise UsageError(f"{path}: measured on {name}; the recordings are of {gpu}")
    return {key: part for key, part in found.items() if isinstance(part, dict)}


def _device(found: Json, made: Probes) -> None:
    for key, name in PROPERTIES.items():
        made.values[key] = (found["device"][name], "device")


def _waits(found: Json, made: Probes) -> None:
    waits = found["waits"]
    for name in CALLS:
        made.values[f"host.calls.{name}"] = (waits[name]["idle"], f"waits.{name}")
    for call, key in (("cudaMalloc", "host.malloc_ns"), ("cudaFree", "host.free_ns")):
        made.curves[key] = _sizes(waits, f"{call} ")
        kinds = {entry["waits_for"] for name, entry in waits.items() if name.split()[0] == call}
        waited = "device" if kinds == {"device"} else "nothing"
        made.values[f"semantics.{key[5:-3]}_waits"] = (waited, f"waits.{call}")
    for way in ("H2D", "D2H"):
        key = f"copy.pageable_{way.lower()}_ns"
        made.curves[key] = _sizes(waits, f"cudaMemcpyAsync {way} pageable ")[:4]
    within = waits["cudaMemcpy D2D 64M"]["waits_for"] != "nothing"
    made.values["semantics.d2d_memcpy_blocks"] = (within, "waits.cudaMemcpy D2D")


def _sizes(waits: Json, prefix: str) -> Curve:
    named = {name.removeprefix(prefix) for name in waits if name.startswith(prefix)}
    known = {SIZES[size]: waits[prefix + size]["idle"] for size in named if size in SIZES}
    return tuple((float(x), float(y)) for x, y in sorted(known.items()))


def _copies(found: Json, made: Probes) -> None:
    copies = found["copies"]
    for way, times in copies["per_copy_ns"].items():
        points = ((float(size), float(ns)) for size, ns in times.items())
        made.curves[f"copy.{way.lower()}_ns"] = tuple(sorted(points))
    fills = ((float(size), float(ns)) for size, ns in copies["memset_ns"].items())
    made.curves["copy.memset_ns"] = tuple(sorted(fills))
    both = copies["GBps_together"]["H2D+D2H"]
    for i, way in enumerate(("H2D", "D2H")):
        alone = copies["GBps_together"][f"{way}+{way}"][0]
        ratio = round(max(alone / both[i], 1.0), 3)
        made.values[f"copy.{way.lower()}_duplex"] = (ratio, "copies.GBps_together")
        key = f"copy.pageable_{way.lower()}_ns"
        rates = {int(k.split()[1]): r for k, r in copies["pageable_GBps, cold"].items() if way in k}
        cold = ((float(size), size / rate) for size, rate in rates.items() if size >= 1 << 20)
        made.curves[key] = (*made.curves.get(key, ()), *sorted(cold))


def _gaps(found: Json, made: Probes) -> None:
    gaps = found["gaps"]
    kernel = gaps["same stream"]
    for key, entry, parts in (
        ("kernel", "same stream", 1),
        ("to_host_func", "host function between", 2),
        ("from_host_func", "host function between", 2),
    ):
        made.values[f"gaps.{key}"] = (round(gaps[entry] / parts), f'gaps."{entry}"')
    for key, entry, parts in (
        ("timing_event", "same stream, timing event between", 1),
        ("alloc", "cudaMallocAsync+FreeAsync between", 2),
    ):
        made.values[f"gaps.{key}"] = (round((gaps[entry] - kernel) / parts), f'gaps."{entry}"')


def _concurrency(found: Json, made: Probes) -> None:
    c = found["concurrency"]
    most = max(entry["most"] for entry in c["resident"].values())
    made.values["sm.resident_grids"] = (most, "concurrency.resident")
    one, all_of_them = (c["resident"][str(n)]["makespan"] for n in (1, most))
    interval = round((all_of_them - one) / (most - 1))
    made.values["sm.grid_interval_ns"] = (interval, "concurrency.resident")
    pair, normal = c["overlap_ns"]["two cooperative"], c["overlap_ns"]["two normal"]
    made.values["semantics.cooperative_exclusive"] = (
        pair < normal / 2,
        'concurrency.overlap_ns."two cooperative"',
    )
    behind = next(v for k, v in c.items() if k.startswith("small_grid_starts_after_ns"))
    waits = behind["equal"] > 2 * behind["high"]
    made.values["semantics.head_of_line"] = (waits, "concurrency.small_grid_starts_after_ns")


def _queue_depth(found: Json, made: Probes) -> None:
    depth = found["queue_depth"]["launches_before_host_blocks"]
    made.values["host.queue_depth"] = (depth, "queue_depth")


def _pdl(found: Json, made: Probes) -> None:
    plain = found["pdl"]["pdl"]
    made.values["gaps.pdl"] = (plain["secondary_start"] - plain["trigger"], "pdl")
    made.values["gaps.pdl_flush"] = (plain["wait_returns"] - plain["primary_end"], "pdl")
    ends = {
        kind: found["pdl"][entry]["secondary_start"] > found["pdl"][entry]["primary_end"]
        for kind, entry in (
            ("always", "pdl, event between"),
            ("timing", "pdl, timing event between"),
        )
    }
    kind = next((kind for kind in ("always", "timing") if ends[kind]), "never")
    made.values["semantics.event_ends_pdl"] = (kind, "pdl")


def _rates(found: Json, made: Probes) -> None:
    rates = found["rates"]["copy_GBps (read + write)"]
    sms = found["device"]["sm_count"]
    points = {1: rates["1 block"], 8: rates["8 blocks"], sms // 4: rates["quarter of the SMs"]}
    points |= {sms // 2: rates["half the SMs"]}
    points |= {sms: max(rates["1 block an SM"], rates["2 blocks an SM"])}
    curve = tuple((float(x), float(y)) for x, y in sorted(points.items()))
    made.values["memory.dram_gbps"] = (curve, "rates.copy_GBps, by SMs in use")


def _pools(found: Json, made: Probes) -> None:
    none, kept = found["pools"]["threshold 0"], found["pools"]["threshold max"]
    warm = none["malloc warm"]
    made.values["host.calls.cudaMallocAsync"] = (warm, 'pools."malloc warm"')
    made.values["host.calls.cudaFreeAsync"] = (
        found["waits"]["cudaFreeAsync 1M"]["idle"],
        "waits.cudaFreeAsync",
    )
    chunk, whole = float(1 << 25), float(1 << 26)
    small = found["waits"]["cudaMallocAsync 1M"]["idle"] - warm
    large = none["malloc cold"] - warm
    made.curves["pool.grow_ns"] = ((chunk, small), (whole, large))
    given = none["stream sync"] - kept["stream sync"]
    curve = ((chunk, float(round(given * small / large))), (whole, float(given)))
    made.values["pool.release_ns"] = (curve, 'pools."threshold 0"."stream sync"')


def _graphs(found: Json, made: Probes) -> None:
    graphs = found["graphs"]
    one, most = graphs["1"], graphs["1000"]
    made.values["sm.kernel_ns"] = (one["makespan"] - SPIN_NS, "graphs.1")
    made.values["gaps.graph"] = (graphs["100"]["gap_ns"], "graphs.100")
    made.values["host.calls.cudaGraphLaunch"] = (one["host_ns"], "graphs.1")
    node = round((most["host_ns"] - one["host_ns"]) / 999, 1)
    made.values["host.graph_node_ns"] = (max(node, 0.0), "graphs.1000")


def _peer(found: Json, made: Probes) -> None:
    peer = found["peer"]
    times = ((float(size), float(ns)) for size, ns in peer["records"]["duration_ns"].items())
    made.curves["peer.copy_ns"] = tuple(sorted(times))
    call = round(peer["host_ns_of_the_call"])
    made.values["host.calls.cudaMemcpyPeerAsync"] = (call, "peer.host_ns_of_the_call")


def _collectives(found: Json, made: Probes) -> None:
    kernels = found["collectives"]["2 GPUs"]["kernels"]
    times = ((int(size) / 2, k["duration_ns"] / 2) for size, k in kernels.items())
    made.curves["peer.reduce_step_ns"] = tuple(sorted(times))
    largest = kernels[max(kernels, key=int)]
    for key in ("blocks", "threads", "registers"):
        made.values[f"peer.reduce_{key}"] = (largest[key][0], "collectives.kernels")


_PARTS: Sequence[Callable[[Json, Probes], None]] = (
    _device,
    _waits,
    _copies,
    _gaps,
    _concurrency,
    _queue_depth,
    _pdl,
    _rates,
    _pools,
    _graphs,
    _peer,
    _collectives,
)
