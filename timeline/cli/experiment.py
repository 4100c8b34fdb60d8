"""Running variants of a technique and keeping their traces: what ``run`` and ``demo`` share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.place import check_folder, check_trace
from timeline.errors import UsageError, unknown

if TYPE_CHECKING:
    from timeline.backends import Backend, RunOptions
    from timeline.program import Param
    from timeline.techniques import Technique, Variant
    from timeline.trace import Trace

__all__ = ["Experiment", "Outcome", "add_output", "choose", "settings"]


def add_output(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options for where traces go and how figures are printed.

    Parameters
    ----------
    what : str
        What the folder of ``--out`` holds.
    """
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("out"),
        metavar="DIR",
        help=f"{what} (default: out)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing traces")
    parser.add_argument("--json", action="store_true", help="print JSON")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A variant that was run, and where its trace is."""

    variant: Variant
    trace: Trace
    folder: Path


@dataclass(frozen=True, slots=True)
class Experiment:
    """Variants of one technique under one set of parameters, and the folder for their traces.

    Attributes
    ----------
    out : Path
        Traces go to ``out/<technique>/<variant>``, the picture to ``out/<technique>.svg``.
    """

    technique: Technique
    variants: tuple[Variant, ...]
    parameters: Mapping[str, Param]
    out: Path
    overwrite: bool = False

    @property
    def folders(self) -> Path:
        """Where the folders of the traces go."""
        return self.out / self.technique.id

    @property
    def picture(self) -> Path:
        """Where the picture of all variants goes."""
        return self.out / f"{self.technique.id}.svg"

    def folder(self, variant: Variant) -> Path:
        """Where the trace of a variant goes."""
        return self.folders / variant.name

    @property
    def devices(self) -> int:
        """Devices that its Programs use."""
        return int(self.parameters.get("devices", self.technique.devices))

    def check_output(self) -> None:
        """Fail before the run, rather than after it, if its results can't be written.

        Raises
        ------
        OutputError
            When a trace is there already, or the folder can't be written.
        """
        check_folder(self.out)
        for variant in self.variants:
            check_trace(self.folder(variant), overwrite=self.overwrite)

    def run(
        self,
        backend: Backend,
        options: RunOptions,
        begin: Callable[[str], None] = lambda what: None,
    ) -> list[Outcome]:
        """Run every variant and save its trace; ``begin`` is told before each."""
        from timeline.recording.live import run_variant

        outcomes = []
        for variant in self.variants:
            begin(f"{self.technique.id} {variant.name}")
            trace = run_variant(backend, self.technique, variant.name, self.parameters, options)
            folder = trace.save(self.folder(variant), overwrite=self.overwrite)
            outcomes.append(Outcome(variant, trace, folder))
        return outcomes


def choose(technique: Technique, names: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of those names, in the technique's order; ``all`` stands for every one.

    Raises
    ------
    UsageError
        For a name that is no variant, with the nearest that is.
    """
    known = [variant.name for variant in technique.variants]
    for name in names:
        if name not in (*known, "all"):
            raise unknown(f"variant of {technique.id}", name, [*known, "all"])
    return tuple(v for v in technique.variants if "all" in names or v.name in names)


def settings(pairs: Sequence[str]) -> dict[str, str]:
    """Split ``key=value`` words.

    Raises
    ------
    UsageError
        For a word of another form, or a key given twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise UsageError(f"--set {pair}: expected key=value")
        if key in found:
            raise UsageError(f"--set {key} is given twice")
        found[key] = value
    return found
