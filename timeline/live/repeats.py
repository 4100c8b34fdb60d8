"""What the scripts of this package share: their arguments, and ranges around repeats."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nvtx

__all__ = ["Session", "session"]

Check = Callable[[], None]


class Session:
    """One variant with its parameters, run a few times.

    Attributes
    ----------
    variant : str
        What is run.
    values : mapping of str to int
        Parameters.
    versions : dict
        What the trace is to say of the libraries used.
    """

    def __init__(self, arguments: argparse.Namespace, values: Mapping[str, int]) -> None:
        self.variant: str = arguments.variant
        self.values = values
        self.versions: dict[str, str] = {}
        self._warmup: int = arguments.warmup
        self._repeat: int = arguments.repeat
        self._facts: Path | None = arguments.facts

    def run(self, once: Callable[[], object], prepare: Check, check: Check) -> None:
        """Run ``once`` unrecorded and recorded; ``prepare`` comes before, ``check`` after each.

        Parameters
        ----------
        once : callable
            Must have synchronised when it returns.
        check : callable
            Raises when an output is not the known answer.
        """
        for index in range(self._warmup + self._repeat):
            prepare()
            recorded = index >= self._warmup
            with phase(f"repeat {index - self._warmup}", "repeat") if recorded else unseen():
                once()
            check()
        if self._facts is not None:
            facts: dict[str, Any] = {"verified": self._repeat, "versions": self.versions}
            self._facts.write_text(json.dumps(facts))


@contextmanager
def phase(name: str, category: str = "phase") -> Iterator[None]:
    """An NVTX range."""
    with nvtx.annotate(name, category=category):
        yield


@contextmanager
def unseen() -> Iterator[None]:
    """No range, for a run that warms up."""
    yield


def session(defaults: Mapping[str, int]) -> Session:
    """Read the command line: ``--variant NAME [--repeat N] [--warmup N] [KEY=VALUE ...]``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant", required=True)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--facts", type=Path, help="write what was verified, as JSON")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    arguments = parser.parse_args()
    values = dict(defaults)
    for setting in arguments.settings:
        key, _, value = setting.partition("=")
        if key not in values:
            parser.error(f"{key}: no such parameter; there are {', '.join(values)}")
        values[key] = int(value)
    return Session(arguments, values)
