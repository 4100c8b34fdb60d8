"""Checks of a whole Program."""

from __future__ import annotations

from timeline.program.model import Program


def validate(program: Program) -> None:
    """Check ``program``."""
