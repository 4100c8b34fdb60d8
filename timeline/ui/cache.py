"""Traces kept between reruns and sessions: by path and change, or by what was simulated."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import streamlit as st

from timeline.errors import TraceError
from timeline.formats import open_trace
from timeline.program import Param
from timeline.trace import Trace
from timeline.ui.simulation import simulate
from timeline.ui.sources import version

__all__ = ["Opened", "load", "open_upload", "simulated"]

_KEPT = 64


@dataclass(frozen=True, eq=False)
class Opened:
    """A trace and its report, which is computed when first asked for."""

    trace: Trace

    @cached_property
    def report(self) -> dict[str, Any]:
        """The JSON of :func:`timeline.report.report`."""
        from timeline.report import report

        found: dict[str, Any] = report(self.trace).to_json()
        return found


def load(path: Path) -> Opened:
    """Open the trace at ``path``, or take what was opened before if it is still the same."""
    return _load(str(path), version(path) if path.exists() else (0, 0))


@st.cache_resource(max_entries=_KEPT, show_spinner="Opening the trace…")
def _load(path: str, changed: tuple[int, int]) -> Opened:
    return Opened(open_trace(path))


@st.cache_resource(max_entries=_KEPT, show_spinner="Simulating…")
def simulated(
    technique: str, variant: str, settings: tuple[tuple[str, Param], ...], device: str, repeat: int
) -> Opened:
    """Run a variant on the simulator, or take what it did before under the same settings."""
    return Opened(simulate(technique, variant, dict(settings), device, repeat))


@st.cache_resource(max_entries=8, show_spinner="Reading the upload…")
def open_upload(name: str, content: bytes) -> Opened:
    """Open an uploaded zip of a trace; errors call it ``name``.

    Raises
    ------
    TraceError
        When it isn't one.
    """
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(content)
        file.flush()
        try:
            return Opened(Trace.load(file.name))
        except TraceError as error:
            raise TraceError(str(error).replace(file.name, name)) from error
