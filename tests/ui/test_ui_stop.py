"""The dashboard's server ends with the command that started it."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from timeline.ui.launch import free_port

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("streamlit") is None, reason="no Streamlit"
)


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_command_ends_the_server(number: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-m", "timeline", "app", "--port", str(port)]
    app = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not healthy(port):
            assert app.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        app.send_signal(number)
        assert app.wait(timeout=30) == 0
        assert not healthy(port)
    finally:
        app.kill()
        app.wait()
