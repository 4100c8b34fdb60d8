"""Draws ``docs/images/*.svg`` from ``samples/``, as ``timeline gantt`` does.

Run it as ``python tools/pictures.py``; ``--check`` only says whether the pictures are current.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from timeline.cli import main as timeline
from timeline.trace import Trace

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SAMPLES = ROOT / "samples"

STEP = "step 1"
"""Where the picture of the PyTorch script begins: before it, CUDA and cuBLAS are loading."""


def pictures(samples: Path) -> Iterator[tuple[str, list[str]]]:
    """Name of each picture and what ``timeline gantt`` is asked for."""
    for name, variants, options in (
        ("three_way_overlap", ("serial", "depth_first"), []),
        ("default_stream_barrier", ("named_streams", "stray_legacy"), []),
        ("pdl", ("stream_order", "pdl"), ["--stamps"]),
    ):
        yield name, [*(str(samples / name / variant) for variant in variants), *options]
    script = samples / "scripts" / "record_torch"
    yield "record_torch", [str(script), "--host", "--window", f"{begin_ns(script)}ns:"]


def begin_ns(script: Path) -> int:
    """Start of the range STEP after the first activity, ns."""
    trace = Trace.load(script)
    step = trace.column("ranges", "name") == trace.names("ranges", "name").index(STEP)
    return int(trace.column("ranges", "start")[step].min()) - trace.span[0]


def draw(samples: Path, folder: Path) -> list[Path]:
    """Draw all of them into a folder."""
    drawn = []
    for name, arguments in pictures(samples):
        place = folder / f"{name}.svg"
        with redirect_stdout(StringIO()):
            code = timeline(["gantt", *arguments, "-o", str(place), "--overwrite"])
        if code:
            raise SystemExit(code)
        drawn.append(place)
    return drawn


def outdated(samples: Path) -> list[str]:
    """Names of the pictures that would look different now."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = draw(samples, Path(folder))
        return [new.name for new in drawn if not _same(new, IMAGES / new.name)]


def _same(new: Path, old: Path) -> bool:
    return old.is_file() and old.read_bytes() == new.read_bytes()


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the pictures, or check them; 1 when some are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("samples", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    if not args.check:
        print(*draw(args.samples, IMAGES), sep="\n")
        return 0
    old = outdated(args.samples)
    if old:
        print(f"{', '.join(old)}: out of date: python tools/pictures.py", file=sys.stderr)
    return int(bool(old))


if __name__ == "__main__":
    sys.exit(main())
