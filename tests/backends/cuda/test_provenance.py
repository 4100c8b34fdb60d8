"""What a recording says of its origin."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from timeline.backends.cuda.provenance import command_line, device_state, parse_state, version


def test_the_command_names_no_folder() -> None:
    shown = command_line(["/home/someone/bin/timeline", "run", "pdl", "-o", "/data/x", "~/y", "z"])
    assert shown == "timeline run pdl -o x y z"


def test_versions() -> None:
    assert (version(13020), version(12090)) == ("13.2", "12.9")


def test_a_line_of_nvidia_smi_is_read() -> None:
    state = parse_state("1980, 3201, 34, 119.53, 580.159.04, 5, 16\n")
    assert state == {
        "sm_clock_mhz": 1980,
        "memory_clock_mhz": 3201,
        "temperature_c": 34,
        "power_w": 119.53,
        "driver": "580.159.04",
        "pcie_generation": 5,
        "pcie_width": 16,
    }


@pytest.mark.parametrize("text", ["", "No devices were found", "1, 2"])
def test_other_answers_say_nothing(text: str) -> None:
    assert parse_state(text) == {}


def test_what_is_not_supported_is_left_out() -> None:
    assert "power_w" not in parse_state("1980, 3201, 34, [N/A], 580.1, 5, 16")


@pytest.mark.parametrize(
    "failure", [FileNotFoundError(), subprocess.TimeoutExpired("nvidia-smi", 10)]
)
def test_a_missing_nvidia_smi_is_no_failure(
    failure: Exception, monkeypatch: pytest.MonkeyPatch, fake_cuda_module: Any
) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(subprocess, "run", run)
    assert device_state(fake_cuda_module.FakeCuda().api, 0) == {}
