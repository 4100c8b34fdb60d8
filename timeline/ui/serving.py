"""A dashboard for the length of a block: what tests and screenshots drive a browser against."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from timeline.errors import UnavailableError
from timeline.ui.launch import command, environment, free_port

__all__ = ["serving"]

_START_S = 60.0
_POLL_S = 0.05


@contextmanager
def serving(traces: Sequence[Path] = (), log: Path | None = None) -> Iterator[str]:
    """Serve ``traces`` on a free port; yields the address once the server answers.

    Parameters
    ----------
    log : Path, optional
        File for what the server prints.

    Raises
    ------
    UnavailableError
        When it ends at once, or doesn't answer within a minute.
    """
    port = free_port()
    with (log or Path(os.devnull)).open("wb") as output:
        server = subprocess.Popen(
            command(traces, port, browser=False), env=environment(), stdout=output, stderr=output
        )
    try:
        _wait(server, f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait(server: subprocess.Popen[bytes], health: str) -> None:
    give_up = time.monotonic() + _START_S
    while time.monotonic() < give_up and server.poll() is None:
        try:
            with urllib.request.urlopen(health, timeout=1):
                return
        except OSError:
            time.sleep(_POLL_S)
    raise UnavailableError(f"the dashboard's server did not answer within {_START_S:.0f} s")
