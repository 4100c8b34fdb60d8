"""``timeline record``: trace a Python script as it is."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.manual import Manual
from timeline.errors import UsageError

__all__ = ["Record"]


class Record:
    """Runs a script under the recorder. Its exit code becomes ours."""

    name = "record"
    summary = "run a Python script and record what the GPU does"
    manual = Manual(
        "Runs a Python script, or a module, as it is and records what the GPU does through CUPTI, "
        "with the API calls, the allocations and the NVTX ranges. Ctrl-C, an exception and "
        "sys.exit leave a whole trace; after a kill it has every part until then. Python processes "
        "that it starts are recorded beside it. Options of timeline stand before the script; all "
        "that follows is the script's.",
        (
            (
                "a script with its arguments, into train.trace",
                "timeline record train.py --epochs 1",
            ),
            (
                "into another folder, replacing what is there",
                "timeline record -o step.trace --overwrite train.py",
            ),
            (
                "a module, as python -m runs it",
                "timeline record -o module.trace -m train --epochs 1",
            ),
            (
                "a long run, of which the newest 2 GB are kept",
                "timeline record --max-size 2GB -o newest.trace train.py",
            ),
        ),
        (
            "timeline report",
            "timeline findings",
            "timeline doctor",
        ),
        (("other", "that of the script"),),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.usage = (
            "%(prog)s [-h] [-o DIR] [--overwrite] [--max-size SIZE] [--every SECONDS] "
            "[--no-children] (SCRIPT | -m MODULE) [ARGUMENT ...]"
        )
        parser.add_argument(
            "-o",
            "--out",
            type=Path,
            metavar="DIR",
            help="folder of the trace (default: the script's name with .trace)",
        )
        parser.add_argument("--overwrite", action="store_true", help="replace an existing trace")
        parser.add_argument(
            "--max-size", metavar="SIZE", help="keep only the newest, such as 500MB or 2GiB"
        )
        parser.add_argument(
            "--every",
            type=float,
            metavar="SECONDS",
            help="write a part that often, which a kill can't take away (default: 5)",
        )
        parser.add_argument(
            "--no-children",
            dest="children",
            action="store_false",
            help="do not record the Python processes that it starts",
        )
        parser.add_argument(
            "-m",
            dest="module",
            nargs=argparse.REMAINDER,
            metavar="MODULE",
            help="run a module, as python -m does; the rest are its arguments",
        )
        parser.add_argument(
            "script",
            nargs=argparse.REMAINDER,
            metavar="SCRIPT",
            help="the script and its arguments, as python would get them",
        )

    def run(self, args: argparse.Namespace) -> int:
        """Run the script; return its exit code."""
        from timeline.record import run_script
        from timeline.recording.keeping import Keeping

        module = args.module is not None
        # argparse ends -m's words at a bare "--", which belongs to the script like the rest
        words = [*(args.module or ()), *args.script]
        if not module and words[:1] == ["--"]:
            words = words[1:]
        if not words:
            raise UsageError("record needs a script or -m MODULE; see: timeline record --help")
        out = args.out or Path(f"{_title(words[0], module=module)}.trace")
        keeping = Keeping.of(args.max_size, args.every)
        return run_script(
            words,
            out,
            module=module,
            overwrite=args.overwrite,
            keeping=keeping,
            children=args.children,
        )


def _title(target: str, *, module: bool) -> str:
    return target.rpartition(".")[2] if module else Path(target).stem
