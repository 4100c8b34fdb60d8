"""What recording costs: timeline's CUPTI collector beside torch.profiler and cupti-python.

On a GPU, with CuPy, in one run and each recorder in processes of its own::

    python benchmarks/recorder.py [--output recorder.json]

For each recorder: µs added to a kernel launch; µs a kernel record adds to the replay of a graph of
small kernels, and to stopping until the records are usable (tables, objects; for torch.profiler the
exported trace); records lost. Untraced runs of the same work in the same process are the zero of
each: two processes on a shared host may differ by more than a recorder costs. ``--synthetic``
measures decoding alone, on buffers made from the record layouts, and needs no GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

NO_GPU = 3
ROOT = Path(__file__).parents[1]
WORKER_S = 100

GRAPH_KERNELS = 100
SMALL, LARGE = 200_000, 1_000_000
LAUNCHES, ROUNDS = 2_000, 10

RECORDERS = {
    "timeline": (SMALL, LARGE),
    "timeline, no calls": (SMALL,),
    "timeline, in parts": (SMALL, LARGE),
    "timeline, queued times": (SMALL,),
    "torch.profiler": (SMALL,),
    "cupti-python": (SMALL,),
}
LIMITS = {
    "us_a_record": 0.5,
    "us_a_launch": 2.0,
    "times_cheaper_than_cupti_python": 40.0,
    "times_cheaper_than_torch_profiler": 20.0,
}

Result = dict[str, Any]


class Timeline:
    """timeline's collector; stopping includes decoding to Arrow tables."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def start(self) -> None:
        from timeline.backends.cuda.cupti import CuptiCollector

        self._collector = CuptiCollector(**self._options)
        self._collector.start()

    def stop(self) -> Result:
        from timeline.trace import Meta, Trace

        started = time.perf_counter()
        collected = self._collector.stop()
        stopped = time.perf_counter()
        trace = Trace.from_tables(Meta("cupti"), collected.tables)
        with tempfile.TemporaryDirectory() as folder:
            trace.save(Path(folder, "trace"))
        saved = time.perf_counter()
        kinds = trace.names("activities", "kind")
        kernel = trace.column("activities", "kind") == kinds.index("kernel") if kinds else []
        return {
            "stop_s": stopped - started,
            "write_s": saved - stopped,
            "kernels": int(sum(kernel)),
            "records": collected.provenance["cupti_records"],
            "calls": trace.tables["calls"].num_rows,
            "dropped": collected.dropped,
            "notes": list(collected.notes),
            **{k: v for k, v in collected.provenance.items() if k.startswith("cupti")},
        }


class InParts:
    """timeline's recorder, which writes a part of a trace every half a second meanwhile."""

    def start(self) -> None:
        from timeline.backends.cuda.cupti import CuptiCollector
        from timeline.recording.keeping import Keeping
        from timeline.recording.recorder import Recorder

        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name, "trace")
        self._recorder = Recorder(path, CuptiCollector(), [], keeping=Keeping(every_s=0.5))
        self._recorder.start()

    def stop(self) -> Result:
        started = time.perf_counter()
        self._recorder.stop()
        stopped = time.perf_counter()
        trace = self._recorder.trace()
        kinds = trace.names("activities", "kind")
        kernel = trace.column("activities", "kind") == kinds.index("kernel") if kinds else []
        parts = len([*Path(self._folder.name, "trace", "activities").iterdir()])
        self._folder.cleanup()
        return {
            "stop_s": stopped - started,
            "write_s": 0.0,
            "kernels": int(sum(kernel)),
            "parts": parts,
            "dropped": trace.meta.dropped,
        }


class TorchProfiler:
    """torch.profiler with CUDA activities only; stopping includes the export."""

    def start(self) -> None:
        import torch

        if not hasattr(self, "_warm"):
            with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]):
                torch.cuda.synchronize()
            self._warm = True
        self._profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])
        self._profiler.__enter__()

    def stop(self) -> Result:
        started = time.perf_counter()
        self._profiler.__exit__(None, None, None)
        stopped = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "trace.json")
            self._profiler.export_chrome_trace(str(path))
            written = time.perf_counter()
            kernels = path.read_bytes().count(b'"cat": "kernel"')
        import torch

        return {
            "stop_s": written - started,
            "write_s": 0.0,
            "stop_alone_s": stopped - started,
            "kernels": kernels,
            "version": torch.__version__,
        }


class CuptiPython:
    """NVIDIA's cupti-python: an object a record, made in its callback."""

    def start(self) -> None:
        from cupti import cupti

        self._cupti, self._kernels = cupti, 0
        cupti.activity_register_callbacks(self._requested, self._completed)
        for kind in ("CONCURRENT_KERNEL", "RUNTIME", "DRIVER"):
            cupti.activity_enable(getattr(cupti.ActivityKind, kind))

    def _requested(self) -> tuple[int, int]:
        return 8 << 20, 0

    def _completed(self, activities: list[Any]) -> None:
        kernel = self._cupti.ActivityKind.CONCURRENT_KERNEL
        for activity in activities:
            if activity.kind == kernel:
                self._kernels += 1
                _ = activity.name, activity.start, activity.end, activity.stream_id

    def stop(self) -> Result:
        started = time.perf_counter()
        self._cupti.activity_flush_all(1)
        for kind in ("CONCURRENT_KERNEL", "RUNTIME", "DRIVER"):
            self._cupti.activity_disable(getattr(self._cupti.ActivityKind, kind))
        stop_s = time.perf_counter() - started
        return {"stop_s": stop_s, "write_s": 0.0, "kernels": self._kernels}


MAKERS: Mapping[str, Callable[[], Any]] = {
    "timeline": Timeline,
    "timeline, no calls": lambda: Timeline(calls="none"),
    "timeline, in parts": InParts,
    "timeline, queued times": lambda: Timeline(latency=True),
    "torch.profiler": TorchProfiler,
    "cupti-python": CuptiPython,
}


def work(recorder: Any, sizes: Sequence[int]) -> Result:
    """Launch and replay small kernels under ``recorder``."""
    import cupy as cp

    if isinstance(recorder, TorchProfiler):
        import torch

        torch.zeros(1, device="cuda")
    kernel = cp.RawKernel('extern "C" __global__ void tick(float* x) { }', "tick")
    data = cp.zeros(1, cp.float32)
    stream = cp.cuda.Stream(non_blocking=True)

    def launch(count: int) -> None:
        for _ in range(count):
            kernel((1,), (32,), (data,))

    with stream:
        launch(100)
        stream.synchronize()
        stream.begin_capture()
        launch(GRAPH_KERNELS)
        graph = stream.end_capture()
        graph.launch(stream)
        stream.synchronize()
        result: Result = {"launch": launches(recorder, launch, stream)}
        for size in sizes:
            result[str(size)] = replays(recorder, graph, stream, size)
    props = cp.cuda.runtime.getDeviceProperties(0)
    return {**result, "device": props["name"].decode(), "cupy": cp.__version__}


def launches(recorder: Any, launch: Callable[[int], None], stream: Any) -> Result:
    """µs a launch without and with the recorder, medians of rounds; idle before each round."""

    def rounds() -> list[float]:
        found = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            launch(LAUNCHES)
            found.append((time.perf_counter() - started) / LAUNCHES * 1e6)
            stream.synchronize()
        return found

    launch(LAUNCHES)
    stream.synchronize()
    without = rounds()
    recorder.start()
    launch(LAUNCHES)
    stream.synchronize()
    traced = rounds()
    stopped = recorder.stop()
    without += rounds()
    return {"us": statistics.median(traced), "us_untraced": statistics.median(without), **stopped}


def replays(recorder: Any, graph: Any, stream: Any, kernels: int) -> Result:
    """Seconds to replay ``kernels`` kernels without and with the recorder, medians of three."""

    def once() -> float:
        started = time.perf_counter()
        for _ in range(kernels // GRAPH_KERNELS):
            graph.launch(stream)
        stream.synchronize()
        return time.perf_counter() - started

    seconds: list[float] = []
    untraced: list[float] = []
    stops: list[Result] = []
    for _ in range(3 if kernels <= SMALL and not isinstance(recorder, CuptiPython) else 1):
        untraced.append(once())
        recorder.start()
        graph.launch(stream)
        stream.synchronize()
        seconds.append(once())
        stops.append(recorder.stop())
    middle = sorted(stops, key=lambda stop: stop["stop_s"])[len(stops) // 2]
    return {
        "replay_s": statistics.median(seconds),
        "untraced_s": statistics.median(untraced),
        **middle,
    }


def measured(name: str, beside: str = "") -> Result:
    """Run one recorder in a process of its own, which also finds modules in ``beside``."""
    paths = [str(ROOT), beside, os.environ.get("PYTHONPATH", "")]
    libraries = [*map(str, Path(beside).glob("nvidia/*/lib"))] if beside else []
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        "LD_LIBRARY_PATH": os.pathsep.join([*libraries, os.environ.get("LD_LIBRARY_PATH", "")]),
    }
    command = [sys.executable, __file__, "--worker", name]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=WORKER_S, check=False
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {WORKER_S} s"}
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines()
        return {"failed": said[-1] if said else f"exit code {done.returncode}"}
    found: Result = json.loads(lines[-1])
    return found


def compared(results: Mapping[str, Result]) -> Result:
    """Costs over the untraced runs of the same process."""
    table: Result = {}
    for name, result in results.items():
        if "failed" in result:
            continue
        row: Result = {"us_a_launch": result["launch"]["us"] - result["launch"]["us_untraced"]}
        for size in (s for s in (SMALL, LARGE) if str(s) in result):
            run = result[str(size)]
            added = (run["replay_s"] - run["untraced_s"]) / size * 1e6
            row[str(size)] = {
                "us_added": added,
                "us_to_stop": run["stop_s"] / size * 1e6,
                "us_to_write": run["write_s"] / size * 1e6,
                "us_a_record": max(added, 0.0) + run["stop_s"] / size * 1e6,
                "kernels": run["kernels"],
                "lost": size + GRAPH_KERNELS - run["kernels"],
            }
        table[name] = row
    return table


def verdicts(table: Result) -> dict[str, tuple[float, bool]]:
    """What was asked for, what was measured, whether it holds."""
    ours = table.get("timeline", {})
    small = ours.get(str(SMALL))
    if small is None:
        return {}
    found = {
        "us_a_record": small["us_a_record"],
        "us_a_launch": ours["us_a_launch"],
    }
    for name, key in (("cupti-python", "cupti_python"), ("torch.profiler", "torch_profiler")):
        peer = table.get(name, {}).get(str(SMALL))
        if peer is not None:
            figure = "us_a_record" if key == "cupti_python" else "us_to_stop"
            found[f"times_cheaper_than_{key}"] = peer[figure] / small[figure]
    return {
        key: (value, value <= LIMITS[key] if key.startswith("us") else value >= LIMITS[key])
        for key, value in found.items()
    }


def shown(results: Mapping[str, Result], table: Result) -> None:
    """Print the table."""
    head = ("recorder", "+us/launch", "kernels", "+us/kernel", "stop us", "write us", "lost")
    print(("{:<24}" + "{:>12}" * 6).format(*head))
    for name, result in results.items():
        if "failed" in result:
            print(f"{name:<24} not measured: {result['failed']}")
    for name, row in table.items():
        for size in (s for s in (SMALL, LARGE) if str(s) in row):
            run = row[str(size)]
            cells = (row["us_a_launch"], size, run["us_added"], run["us_to_stop"])
            print(
                "{:<24}{:>12.2f}{:>12,}{:>12.3f}{:>12.3f}{:>12.3f}{:>12}".format(
                    name, *cells, run["us_to_write"], run["lost"]
                )
            )
    for key, (value, holds) in verdicts(table).items():
        word = "holds" if holds else "DOES NOT HOLD"
        print(f"{key}: {value:.2f} (limit {LIMITS[key]:g}): {word}")


def synthetic(runs: int = 5) -> Result:
    """µs a record to decode kernels, runtime calls, and the two by turns."""
    import numpy as np

    from timeline.backends.cuda.cupti.decoder import Decoder
    from timeline.backends.cuda.cupti.layouts import layout_for
    from timeline.backends.cuda.cupti.names import FunctionNames

    class Names:
        def callback_name(self, _domain: int, _callback: int) -> str:
            return "cudaLaunchKernel_v7000"

    layout, count = layout_for(130001), 30_000

    def records(kind: int) -> Any:
        made = np.zeros(count, layout.records[kind])
        made["kind"], made["correlationId"] = kind, np.arange(count)
        made["start"] = np.arange(count) * 1000 + 1
        made["end"] = made["start"] + 900
        return made.view(np.uint8).reshape(count, -1)

    kernels, calls = records(10), records(5)
    buffers = {
        "kernels": kernels.reshape(-1),
        "calls": calls.reshape(-1),
        "by turns": np.hstack([kernels, calls]).reshape(-1),
    }
    found = {}
    for name, buffer in buffers.items():

        def following(offset: int, buffer: Any = buffer) -> int | None:
            after = offset + layout.sizes[int(buffer[offset])]
            return after if after < len(buffer) else None

        seconds = []
        for _ in range(runs):
            decoder = Decoder(layout, FunctionNames(Names()), 0)  # type: ignore[arg-type]
            started = time.perf_counter()
            decoder.tables([(buffer, following)] * 8, now=1 << 60, last=True)
            seconds.append((time.perf_counter() - started) / decoder.records * 1e6)
        found[name] = {"best_us": min(seconds), "median_us": statistics.median(seconds)}
    return found


def main() -> int:
    """Measure and print; 3 without a GPU."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    parser.add_argument("--synthetic", action="store_true", help="decode made-up buffers only")
    parser.add_argument(
        "--cupti-python", default="", metavar="DIR", help="where cupti-python and its CUPTI are"
    )
    parser.add_argument("--worker", choices=tuple(MAKERS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if args.worker:
        print(json.dumps(work(MAKERS[args.worker](), RECORDERS[args.worker])))
        return 0
    if args.synthetic:
        figures: Result = synthetic()
        for name, row in figures.items():
            print(f"{name:<10} {row['median_us']:.3f} us a record (best {row['best_us']:.3f})")
    else:
        from timeline.backends import why_not_cuda

        reason = why_not_cuda()
        if reason:
            print(f"no recorder is measured: {reason}; see --synthetic", file=sys.stderr)
            return NO_GPU
        beside = {"cupti-python": args.cupti_python}
        results = {name: measured(name, beside.get(name, "")) for name in MAKERS}
        if "failed" in results["timeline"]:
            print(f"timeline failed: {results['timeline']['failed']}", file=sys.stderr)
            return 1
        table = compared(results)
        shown(results, table)
        figures = {"costs": table, "verdicts": verdicts(table), "runs": results}
    if args.output:
        args.output.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
