"""The seam between Programs and what runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from timeline.program import Program
from timeline.trace import Trace

__all__ = ["Backend", "RunOptions"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run a Program.

    Attributes
    ----------
    repeat : int
        Times the Program is run and recorded; each is a span in ``meta.repeats``.
    warmup : int
        Times it is run before, unrecorded.
    gate : bool
        Hold every stream until the host has enqueued all of the Program, or has come to the first
        operation at which it waits or works (:func:`timeline.program.is_host_paced`), so that a
        late host does not distort what the device does.
    stamps : bool
        Let kernels that can do so write in-kernel stamps.
    verify : bool
        Check every :class:`timeline.program.Expect` after each repeat.
    """

    repeat: int = 1
    warmup: int = 1
    gate: bool = True
    stamps: bool = True
    verify: bool = True


class Backend(Protocol):
    """Runs Programs. One method."""

    name: str

    def run(self, program: Program, options: RunOptions = RunOptions()) -> Trace:
        """Run ``program`` and return what happened.

        Raises
        ------
        VerificationError
            When an output is not the known answer.
        UnavailableError
            When this machine can't run it.
        """
        ...
