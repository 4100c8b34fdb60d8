"""timeline beside the tools that read the same traces: same file, same machine, by turns.

    python -m benchmarks.peers --setup PEERS            # environments for the peers, from PyPI
    python -m benchmarks.peers --peers PEERS [--gpu-events 1000000] [-o results.json]

Each run is a process of its own, imports included, and reads a file that this project generates
from a seed; CPU seconds are those of the process and its children. Kineto: load, temporal
breakdown, overlap of communication and computation. Nsight Systems: open, and the same overlap;
``--nsys`` names nsys itself, whose reports that cover the same are run where it is given. Figures
are held against exact unions that are found without timeline; where a peer's are others, the choice
of the peer's that causes it is named. As for users, compiled modules are kept between runs.
``--scale`` measures timeline alone, at several sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import kineto_file, nsys_import
from benchmarks.kineto_import import oracle
from timeline.formats import by_name

Figures = dict[str, Any]

PACKAGES = {
    "hta": ["HolisticTraceAnalysis==0.5.0", "pandas<3"],
    "nsysai": ["nsys-ai==0.3.0"],
}
"""Environments and what is installed in them. TraceLens is not on PyPI; the package of that name
there is another one."""

HTA = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from hta.trace_analysis import TraceAnalysis
found = TraceAnalysis(trace_files={0: sys.argv[1]})
row = found.get_temporal_breakdown(visualize=False).to_dict("records")[0]
row |= found.get_comm_comp_overlap(visualize=False).to_dict("records")[0]
print(json.dumps({key: float(value) for key, value in row.items()}))
"""
NSYS_AI = """
import json, sys
from nsys_ai import overlap, profile
print(json.dumps(overlap.overlap_analysis(profile.open(sys.argv[1]), 0)))
"""
KINETO = """
import json, sys
from benchmarks.kineto_import import measured
print(json.dumps(measured(sys.argv[1])))
"""
OURS_AS_HTA = """
import json, sys
from timeline.formats import open_trace
from timeline.report.hta import hta_report
print(json.dumps(hta_report(open_trace(sys.argv[1]), "").to_json()))
"""
IMPORT = """
import sys
from timeline.cli import main
main(["import", sys.argv[1], "-o", sys.argv[1] + ".trace", "--overwrite"])
print("{}")
"""
REPORT = """
import sys
from timeline.cli import main
main(["report", sys.argv[1] + ".trace", "--json"])
"""
EXPORT = """
import sys
from timeline.cli import main
main(["export", sys.argv[1] + ".trace", "-o", sys.argv[1] + ".sqlite"])
print("{}")
"""
AGAIN = """
import json, sys, time
from timeline.analysis import communication, devices, work_of
from timeline.trace import Trace
began = time.process_time()
trace = Trace.load(sys.argv[1] + ".trace", tables=("activities", "collectives"))
opened = time.process_time()
found = [communication(work_of(trace, device)) for device in devices(trace)]
print(json.dumps({"open_cpu_s": opened - began, "overlap_cpu_s": time.process_time() - opened,
                  "hidden_ns": [one.hidden_ns for one in found]}))
"""
NSYS_OURS = """
import json, sys
from timeline.analysis import devices, overlaps, work_of
from timeline.formats import open_trace
trace = open_trace(sys.argv[1])
found = [overlaps(work_of(trace, device)) for device in devices(trace)]
print(json.dumps({"overlap_ns": {" ".join(o.engines): o.overlap_ns for o in found[0]}}))
"""
PEAK = """
import sys
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""
"""Tells the most memory of a program alone: what wait4 gives starts with its parent's."""
NSYS_REPORTS = ("cuda_gpu_kern_sum", "cuda_gpu_trace", "cuda_gpu_mem_time_sum")
"""The reports of nsys from which busy times and overlaps can be worked out."""


@dataclass(frozen=True)
class Run:
    """One process.

    Attributes
    ----------
    cpu_s, wall_s : float
        Of the process and its children.
    peak_mb : float
        The most memory that was resident.
    complaint : str
        What it wrote to stderr.
    """

    found: Figures
    cpu_s: float
    wall_s: float
    peak_mb: float
    complaint: str


def measured(command: Sequence[str]) -> Run | None:
    """Run a command; None if it fails, of which the last line is printed."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=complained)
        _, status, used = os.wait4(process.pid, 0)
        said.seek(0)
        complained.seek(0)
        out, complaint = said.read(), complained.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - began
    if process.returncode:
        print(f"{command[-1]}: {(complaint.strip().splitlines() or ['failed'])[-1]}")
        return None
    text = out.strip()
    found = json.loads(text if text.startswith("{\n") else text.splitlines()[-1]) if text else {}
    last = complaint.strip().rpartition("\n")[2]
    peak_kib = int(last) if last.isdecimal() else used.ru_maxrss
    return Run(found, used.ru_utime + used.ru_stime, wall_s, peak_kib / 1e3, complaint)


def python(code: str, path: Path, environment: Path | None = None) -> Run | None:
    """Run a program on a file, with this interpreter or a peer's."""
    interpreter = sys.executable if environment is None else str(environment / "bin" / "python")
    return measured([interpreter, "-c", code + PEAK, str(path)])


def row(tool: str, run: Run | None, equal: bool | None = None, because: str = "") -> Figures:
    """A line of the results; ``equal`` says whether the figures are the exact ones."""
    if run is None:
        return {"tool": tool, "failed": True}
    return {
        "tool": tool,
        "cpu_s": round(run.cpu_s, 3),
        "wall_s": round(run.wall_s, 2),
        "peak_mb": round(run.peak_mb),
        "equal": equal,
        "because": because,
        "figures": {key: value for key, value in run.found.items() if key != "steps"},
    }


def often(action: Callable[[], Run | None], repeats: int) -> Run | None:
    """The run of median CPU time."""
    runs = [run for run in (action() for _ in range(repeats)) if run is not None]
    middle = median(run.cpu_s for run in runs) if len(runs) % 2 else None
    if middle is None:
        return runs[0] if runs else None
    return next(run for run in runs if run.cpu_s == middle)


def kineto(path: Path, peers: Path | None, repeats: int) -> list[Figures]:
    """A trace of PyTorch through each tool."""
    exact = oracle(path)
    ours = often(lambda: python(KINETO, path), repeats)
    rows = [row("timeline", ours, ours is not None and ours.found == exact)]
    as_hta = python(OURS_AS_HTA, path)
    rows.append(row("timeline, as HTA", as_hta, None, "HTA's definitions"))
    if peers is not None and (peers / "hta").is_dir():
        rows.append(beside_hta(python(HTA, path, peers / "hta"), as_hta, exact))
    return rows


def beside_hta(theirs: Run | None, as_hta: Run | None, exact: Figures) -> Figures:
    """HTA's line, with the steps of :mod:`timeline.analysis.hta` that its figures are apart by."""
    if theirs is None or as_hta is None:
        return row("HolisticTraceAnalysis", theirs)
    equal = (
        theirs.found["idle_time(us)"] * 1000 == exact["idle_ns"]
        and theirs.found["compute_time(us)"] * 1000 == exact["compute_ns"]
    )
    chance = as_hta.found["steps"][-1]["by_chance_us"]
    times = [key for key in theirs.found if key.endswith("(us)")]
    apart = max(abs(as_hta.found[key] - theirs.found[key]) for key in times)
    reproduced = apart <= chance
    causes = [step["because"] for step in as_hta.found["steps"][1:]]
    within = (
        f" but for {apart:,.0f} of the {chance:,} µs that HTA's sorting decides" if apart else ""
    )
    said = "; ".join([*causes, f"reproduced{within}" if reproduced else "not reproduced"])
    return row("HolisticTraceAnalysis", theirs, equal, said)


def nsight(path: Path, peers: Path | None, nsys: str | None, repeats: int) -> list[Figures]:
    """An export of Nsight Systems through each tool."""
    rows = [row("timeline", often(lambda: python(NSYS_OURS, path), repeats))]
    if peers is not None and (peers / "nsysai").is_dir():
        for name in ("nsys-ai, cold", "nsys-ai, warm"):
            run = python(NSYS_AI, path, peers / "nsysai")
            without = run is not None and "cache unavailable" in run.complaint
            more = (
                "; without its cache: DuckDB could not fetch its SQLite reader" if without else ""
            )
            rows.append(row(name, run, None, f"counts copies as idle{more}"))
    for report in NSYS_REPORTS if nsys else ():
        command = [str(nsys), "stats", "--report", report, "--force-export=false", str(path)]
        rows.append(row(f"nsys stats {report}", measured([*command, "--output", os.devnull])))
    return rows


def scale(counts: Sequence[int], folder: Path) -> list[Figures]:
    """Import, report, export and second open of traces of several sizes, by timeline."""
    rows = []
    for count in counts:
        path = folder / f"scale-{count}.json"
        kineto_file.write(path, count)
        size = path.stat().st_size
        found: Figures = {"gpu_events": count, "bytes": size}
        for name, code in {
            "import": IMPORT,
            "second open": AGAIN,
            "report": REPORT,
            "export": EXPORT,
        }.items():
            if name == "second open":
                path.unlink()  # what follows needs only the native trace
            run = python(code, path)
            found[name] = None if run is None else {"cpu_s": run.cpu_s, "peak_mb": run.peak_mb}
            if run is not None and name == "second open":
                found[name] |= run.found
        Path(f"{path}.sqlite").unlink(missing_ok=True)
        rows.append(found)
        print(json.dumps(found))
    return rows


def setup(folder: Path) -> None:
    """Make an environment for each peer."""
    for name, packages in PACKAGES.items():
        place = folder / name
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([place / "bin" / "pip", "install", "-q", *packages], check=True)


def show(title: str, rows: Sequence[Figures]) -> None:
    """Print a table; how often timeline's CPU time goes into each of the others."""
    print(f"\n{title}\n{'tool':28} {'CPU s':>8} {'times':>6} {'peak MB':>8}  exact")
    base = rows[0].get("cpu_s")
    for one in rows:
        if "cpu_s" not in one:
            print(f"{one['tool']:28} failed")
            continue
        ratio = one["cpu_s"] / base if base else float("nan")
        said = {True: "yes", False: "no", None: "–"}[one["equal"]]
        print(
            f"{one['tool']:28} {one['cpu_s']:8.2f} {ratio:6.1f} {one['peak_mb']:8,}  {said} "
            f"{one['because']}"
        )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    peers = os.environ.get("TIMELINE_PEERS")
    parser.add_argument("--setup", type=Path, metavar="DIR", help="make the peers' environments")
    parser.add_argument("--peers", type=Path, default=peers, help="where they are")
    parser.add_argument("--nsys", metavar="PROGRAM", help="Nsight Systems' nsys")
    parser.add_argument("--gpu-events", type=int, default=1_000_000, help="0: none")
    parser.add_argument("--kernels", type=int, default=1_000_000, help="0: none")
    parser.add_argument("--scale", default="", metavar="N,N,…", help="GPU events of each size")
    parser.add_argument("--repeats", type=int, default=3, help="runs of timeline's")
    parser.add_argument("--folder", type=Path, help="where the files are written, and removed")
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    args = parser.parse_args(argv)
    if args.setup:
        setup(args.setup)
        return 0
    results: Figures = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        if args.gpu_events:
            path = folder / "trace.json"
            kineto_file.write(path, args.gpu_events)
            results["kineto"] = kineto(path, args.peers, args.repeats)
            show(f"Kineto, {args.gpu_events:,} GPU events", results["kineto"])
            path.unlink()
        if args.kernels:
            path = folder / "made.sqlite"
            by_name("nsys_sqlite").write(nsys_import.made(args.kernels), path)
            results["nsys"] = nsight(path, args.peers, args.nsys, args.repeats)
            show(f"Nsight Systems, {args.kernels:,} kernels", results["nsys"])
        if args.scale:
            results["scale"] = scale([int(n) for n in args.scale.split(",")], folder)
    if args.output:
        args.output.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
