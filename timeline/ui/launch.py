"""Starting the dashboard's server; Streamlit runs in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from timeline.errors import MissingExtraError, TraceError, UsageError
from timeline.formats import is_foreign

__all__ = ["command", "environment", "free_port", "launch"]

FIRST_PORT = 8501
_TRIED_PORTS = 50


def launch(traces: Sequence[Path] = (), port: int | None = None, *, browser: bool = True) -> int:
    """Serve the dashboard on this machine until interrupted.

    Parameters
    ----------
    traces : sequence of Path
        Traces, or folders of traces, to offer first; without any, the recorded samples.
    port : int, optional
        By default the first free one from 8501.
    browser : bool
        Whether to open the page, where there is a display.

    Returns
    -------
    int
        The server's exit code; 0 after Ctrl-C.

    Raises
    ------
    MissingExtraError
        Without Streamlit or Plotly.
    TraceError
        For a path that does not exist.
    UsageError
        When the port is taken.
    """
    for package in ("streamlit", "plotly"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "app")
    for path in traces:
        if not path.exists():
            raise TraceError(f"{path}: no such trace; name a folder or zip that timeline wrote")
        if path.is_file() and not (zipfile.is_zipfile(path) or is_foreign(path)):
            raise TraceError(
                f"{path}: no timeline trace, and of no format that timeline imports; name a folder "
                "or zip that timeline wrote"
            )
    chosen = free_port() if port is None else port
    if port is not None and not _is_free(port):
        raise UsageError(f"port {port} is in use; choose another one, or none for a free one")
    server = subprocess.Popen(
        command([p.resolve() for p in traces], chosen, browser=browser), env=environment()
    )
    try:
        with _ended_by_sigterm():
            return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does; the server must not live on, on its port."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def command(traces: Sequence[Path], port: int, *, browser: bool) -> list[str]:
    """Return the command line of the server."""
    from timeline.ui.options import flags

    script = Path(__file__).with_name("server.py")
    shown = browser and _has_display()
    return [
        *(sys.executable, "-m", "streamlit", "run", str(script)),
        *flags(),
        f"--server.port={port}",
        f"--server.headless={str(not shown).lower()}",
        "--",
        *map(str, traces),
    ]


def free_port() -> int:
    """Return the first free port from 8501.

    Raises
    ------
    UsageError
        When fifty in a row are taken.
    """
    for port in range(FIRST_PORT, FIRST_PORT + _TRIED_PORTS):
        if _is_free(port):
            return port
    raise UsageError(f"ports {FIRST_PORT} to {port} are all in use; choose one with --port")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _has_display() -> bool:
    linux = platform.system() == "Linux"
    return not linux or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def environment() -> dict[str, str]:
    """Environment of the server: it must import the very ``timeline`` that started it."""
    home = str(Path(__file__).resolve().parents[2])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
