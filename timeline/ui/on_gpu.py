"""Techniques on this machine's GPU, in a process of their own, which may fail without the page."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from timeline.backends.choice import why_not_cuda
from timeline.errors import UnavailableError
from timeline.program import Param
from timeline.ui.launch import environment

__all__ = ["command", "missing_gpu", "record"]

_LONGEST_S = 600
_ONE = threading.Lock()
"""Two recordings at once would measure each other."""


@st.cache_resource(show_spinner=False)
def missing_gpu() -> str:
    """Why nothing can be recorded here; empty where it can."""
    return why_not_cuda() or ""


@st.cache_resource(show_spinner=False)
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Where recordings go; it goes away with the server."""
    return tempfile.TemporaryDirectory(prefix="timeline-gpu-")


def command(technique: str, settings: Mapping[str, Param], out: Path) -> list[str]:
    """The command line that records every variant of a technique."""
    values = [f"{name}={_text(value)}" for name, value in settings.items()]
    chosen = ["--set", *values] if values else []
    arguments = ["run", technique, "--variant", "all", "--backend", "cuda", "-o", str(out)]
    return [sys.executable, "-m", "timeline", *arguments, *chosen, "--overwrite"]


def _text(value: Param) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def record(technique: str, settings: Mapping[str, Param]) -> dict[str, Path]:
    """Record every variant of a technique; returns their folders by variant.

    Raises
    ------
    UnavailableError
        When the recording fails, with its own last line, or takes longer than ten minutes.
    """
    out = Path(_folder().name)
    with _ONE:
        try:
            done = subprocess.run(
                command(technique, settings, out),
                env=environment(),
                capture_output=True,
                text=True,
                timeout=_LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(f"{technique}: not done after {_LONGEST_S} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise UnavailableError(f"{technique}: {said[-1]}")
    return {meta.parent.name: meta.parent for meta in sorted((out / technique).glob("*/meta.json"))}
