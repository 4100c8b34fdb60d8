"""Fits the packaged device files anew from ``samples/``, and the fits' residuals beside them.

Run it as ``python tools/device_files.py``; ``--check`` only says whether they are current. A device
of which ``samples/`` holds no recordings stays as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from timeline.backends.sim.devices import device_text, load_device
from timeline.calibration import calibrate, device_file, read_recordings
from timeline.errors import UsageError

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
DEVICES = ROOT / "timeline" / "backends" / "sim"

BASES = {"h200": "h200", "h100": "h200"}
"""Devices that are fitted, and the device that gives what recordings and probes don't tell."""


def files(samples: Path, device: str) -> Iterator[tuple[Path, str]]:
    """The files of a device with their new text; none where there are no recordings of it."""
    base, folder = BASES[device], samples / "calibration"
    try:
        recordings = read_recordings([samples], device)
    except UsageError:
        return
    found = calibrate(recordings, load_device(base), probes(folder, device))
    yield DEVICES / f"{device}.toml", device_file(found, base, device_text(base))
    residuals = json.dumps(found.to_json(), indent=1, ensure_ascii=False) + "\n"
    yield folder / f"{device}_fit.json", residuals


def probes(folder: Path, device: str) -> list[Path]:
    """What ``benchmarks.semantics`` measured on the device."""
    return [each for each in sorted(folder.glob(f"{device}_*.json")) if "_fit" not in each.stem]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files, or check them; 1 when one is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    late = 0
    for device in BASES:
        for place, text in files(SAMPLES, device):
            if not args.check:
                place.write_text(text, encoding="utf-8")
                print(place)
            elif not place.is_file() or place.read_text(encoding="utf-8") != text:
                print(f"{place} is out of date: python tools/device_files.py", file=sys.stderr)
                late = 1
    return late


if __name__ == "__main__":
    sys.exit(main())
