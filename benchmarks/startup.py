"""How fast the command line answers: wall time of whole processes, and what each imports.

From the root of the checkout::

    python benchmarks/startup.py [--trace samples/…] [--out startup.json]

Each command is a fresh process, the median of several; beside it, Python's own start. As for a
user, what was compiled once is kept, also where PYTHONDONTWRITEBYTECODE is set.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 9
HEAVY = ("numpy", "pyarrow", "rich", "plotly", "streamlit", "cupy", "pandas", "cuda")


def wall_s(command: list[str]) -> float:
    """Median wall time of a command, in seconds; its first run, with cold caches, is left out."""
    times = []
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        subprocess.run(
            command,
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def imported(arguments: list[str]) -> list[str]:
    """Which of the heavy packages a ``timeline`` command imports."""
    code = (
        "import sys, contextlib, io\n"
        "from timeline.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({arguments!r})\n"
        f"print(*[m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.split()


def a_sample() -> Path | None:
    """The first recorded trace of the checkout."""
    found = sorted(Path(__file__).parents[1].glob("samples/*/*/meta.json"))
    return found[0].parent if found else None


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description="how fast the command line answers")
    parser.add_argument("--trace", type=Path, default=a_sample(), help="what `report` reads")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    commands = {"--help": ["--help"], "techniques": ["techniques"]}
    if options.trace:
        commands["report"] = ["report", str(options.trace)]
        commands["report --json"] = ["report", str(options.trace), "--json"]
    times = {"python -c pass": wall_s([sys.executable, "-c", "pass"])}
    imports: dict[str, list[str]] = {}
    for name, arguments in commands.items():
        times[name] = wall_s([sys.executable, "-m", "timeline", *arguments])
        imports[name] = imported(arguments)
    for name, seconds in times.items():
        print(f"{name:16s} {seconds:6.3f} s   {' '.join(imports.get(name, []))}")
    if options.out:
        options.out.write_text(json.dumps({"wall_s": times, "imports": imports}, indent=1) + "\n")


if __name__ == "__main__":
    main()
