"""``timeline calibrate``: a device file for the simulator, fitted from recordings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.manual import Manual
from timeline.cli.output import notice, print_json, print_table
from timeline.cli.place import check_file, write_text
from timeline.cli.progress import progress

if TYPE_CHECKING:
    from timeline.calibration import Calibration, Residual

__all__ = ["Calibrate"]


class Calibrate:
    """Fits a device from recordings, and shows how far off each quantity is."""

    name = "calibrate"
    summary = "fit a device of the simulator from recordings of a GPU"
    manual = Manual(
        "Fits a device of the simulator to a GPU from recordings, a third of which is held out, "
        "and says how far off each quantity is. The file goes to --device of timeline run and "
        "timeline demo.",
        (
            (
                "from recordings of one GPU model",
                "timeline calibrate recordings --gpu H100 -o mine.toml",
            ),
            (
                "how far off, without a file",
                "timeline calibrate recordings --gpu H100 --base h100 --json",
            ),
        ),
        (
            "timeline run",
            "docs/simulator.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "recordings",
            nargs="+",
            type=Path,
            metavar="TRACE",
            help="recordings of one GPU model, or folders of them",
        )
        parser.add_argument(
            "--semantics",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="what `python -m benchmarks.semantics` measured on such a GPU (repeatable)",
        )
        parser.add_argument("--gpu", metavar="NAME", help="only recordings of GPUs of this name")
        parser.add_argument(
            "--base",
            default="h200",
            metavar="DEVICE",
            help="device, or its file, that gives what is not told (default: h200)",
        )
        parser.add_argument(
            "-o", "--out", type=Path, metavar="FILE.toml", help="write the device file"
        )
        parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, args: argparse.Namespace) -> int:
        """Fit, write, and print the quantities with their errors."""
        from timeline.backends.sim.devices import device_text, load_device
        from timeline.calibration import calibrate, device_file, read_recordings

        if args.out is not None:
            check_file(args.out, overwrite=args.overwrite)
        base = load_device(args.base)
        recordings = read_recordings(args.recordings, args.gpu)
        with progress(len(recordings)) as begin:
            found = calibrate(recordings, base, args.semantics, progress=begin)
        if args.out is not None:
            text = device_file(found, Path(args.base).stem, device_text(args.base))
            write_text(args.out, text)
        if args.json:
            print_json(found.to_json())
        else:
            _print(found)
        if args.out is not None:
            notice(f"{args.out} written")
        return 0


def _print(found: Calibration) -> None:
    columns = ("quantity", "value", "from", "recordings", "fitted from", "held out")
    rows = [
        (
            each.place,
            each.value_text,
            each.entry if each.source == "probes" else each.source,
            str(each.recordings or ""),
            _errors(each.fitted),
            _errors(each.held_out),
        )
        for each in found.rows()
    ]
    title = (
        f"{found.gpu}: {len(found.used)} recordings fitted, {len(found.held_out)} held out "
        "(median error, 95th percentile, observations)"
    )
    print_table(columns, rows, numbers_from=3, title=title)


def _errors(residual: Residual | None) -> str:
    return "" if residual is None else f"{residual} ({residual.observations:,})"
