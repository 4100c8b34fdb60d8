"""``timeline import``: traces of others as native ones."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.foreign import add_limits, limits_of, read_any
from timeline.cli.manual import Manual
from timeline.cli.output import notice, say
from timeline.cli.place import check_trace
from timeline.errors import UsageError

__all__ = ["Import"]


class Import:
    """Reads a file, or each file of a folder that a format knows, into the native form."""

    name = "import"
    summary = "read traces of PyTorch and others"
    manual = Manual(
        "Reads traces of PyTorch, JAX, Nsight Systems, Perfetto and others into the native form. "
        "Every command opens such files as they are; importing once makes the next opening fast.",
        (
            ("a trace of torch.profiler", "timeline import kineto.json -o kineto.trace"),
            ("all that can be read of a folder", "timeline import others -o imported"),
            (
                "what is sound of a damaged file, with a higher limit",
                "timeline import kineto.json -o sound.trace --lenient --max-rows 100000000",
            ),
        ),
        (
            "timeline export",
            "docs/formats.md",
            "docs/nsys.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("source", type=Path, metavar="FILE_OR_FOLDER")
        parser.add_argument(
            "-o",
            "--out",
            type=Path,
            required=True,
            metavar="DIR",
            help="folder of the trace; of a folder's files, one folder in it each",
        )
        parser.add_argument("--overwrite", action="store_true", help="replace existing traces")
        parser.add_argument(
            "--lenient", action="store_true", help="keep what is sound of a damaged file"
        )
        add_limits(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Import it."""
        places = _places(args.source, args.out)
        limits = limits_of(args)
        for target in places.values():
            check_trace(target, overwrite=args.overwrite)
        for source, target in places.items():
            trace = read_any(source, lenient=args.lenient, limits=limits)
            trace.save(target, overwrite=args.overwrite)
            for note in trace.meta.notes:
                notice(f"{source.name}: {note}")
            say(target)
        return 0


def _places(source: Path, out: Path) -> dict[Path, Path]:
    """Each file to read, and where its trace goes."""
    if not source.is_dir():
        return {source: out}
    from timeline.formats import detect

    files = [path for path in sorted(source.iterdir()) if detect(path) is not None]
    if not files:
        raise UsageError(f"{source}: holds no file that timeline imports")
    places = {path: out / path.name.split(".")[0] for path in files}
    if len(set(places.values())) < len(places):
        places = {path: out / path.name for path in files}
    return places
