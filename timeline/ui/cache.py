"""Traces kept between reruns and sessions: by path and change, or by what was simulated."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from timeline.program import Param
from timeline.ui.importing import Import, of_path
from timeline.ui.opened import Opened
from timeline.ui.simulation import simulate
from timeline.ui.sources import version

__all__ = ["forget", "reading", "simulated"]

_KEPT = 64


def reading(path: Path) -> Import:
    """Begin to read the trace at ``path``, or take what was read before if it is still the same."""
    return _reading(str(path), _version(path))


def forget(path: Path) -> None:
    """Let a path be read anew, such as after its import was cancelled."""
    _reading.clear(str(path), _version(path))


def _version(path: Path) -> tuple[int, int]:
    return version(path) if path.exists() else (0, 0)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _reading(path: str, changed: tuple[int, int]) -> Import:
    return of_path(Path(path))


@st.cache_resource(max_entries=_KEPT, show_spinner="Simulating…")
def simulated(
    technique: str, variant: str, settings: tuple[tuple[str, Param], ...], device: str, repeat: int
) -> Opened:
    """Run a variant on the simulator, or take what it did before under the same settings."""
    return Opened(simulate(technique, variant, dict(settings), device, repeat))
