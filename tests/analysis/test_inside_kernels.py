"""Roles inside kernels, and their place in the report."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from timeline.analysis import inside_kernels, work_of
from timeline.report import report
from timeline.trace import Trace

MakeTrace = Callable[..., Trace]
Row = dict[str, Any]


def stamp(launch: int, block: int, role: str, start: int, end: int) -> Row:
    place = {"correlation": launch, "block": block, "sm": block, "device": 0}
    return {**place, "role": role, "start": start, "end": end}


@pytest.fixture
def trace(make_trace: MakeTrace) -> Trace:
    """Two launches of a kernel with two roles, and one that has none."""
    kernels = [
        {"engine": "SM", "name": "piped", "start": 0, "end": 100, "correlation": 1},
        {"engine": "SM", "name": "piped", "start": 100, "end": 200, "correlation": 2},
        {"engine": "SM", "name": "plain", "start": 200, "end": 300, "correlation": 3},
        {"engine": "SM", "name": "whole", "start": 300, "end": 400, "correlation": 4},
    ]
    stamps = [
        stamp(1, 0, "loader", 0, 40),
        stamp(1, 0, "loader", 50, 60),
        stamp(1, 0, "compute", 40, 100),
        stamp(2, 0, "loader", 100, 150),
        stamp(2, 0, "compute", 125, 200),
        stamp(4, 0, "body", 300, 400),
    ]
    return make_trace(kernels, stamps=stamps)


def test_roles_and_their_overlap(trace: Trace) -> None:
    piped, whole, every = inside_kernels(work_of(trace, 0))
    loader, compute = piped.roles
    assert (loader.role, loader.spans) == ("loader", 3)
    assert loader.mean_ns == pytest.approx(100 / 3)
    assert loader.share == pytest.approx(100 / 200)
    assert compute.share == pytest.approx(135 / 200)
    (pair,) = piped.overlaps
    assert pair.roles == ("loader", "compute")
    assert pair.ratio == pytest.approx((10 + 25) / (50 + 50))
    assert (whole.blocks.kernel, whole.overlaps) == ("whole", ())
    assert (every.blocks.kernel, every.roles) == ("", ())
    assert every.blocks.launches == 3


def test_only_the_launches_of_the_window_count(trace: Trace, make_trace: MakeTrace) -> None:
    (piped,) = inside_kernels(work_of(trace, 0, window=None, repeat=None))[:1]
    assert piped.blocks.launches == 2
    assert inside_kernels(work_of(make_trace([{"engine": "SM", "start": 0, "end": 9}]), 0)) == ()


def test_the_report_has_them(trace: Trace) -> None:
    (device,) = report(trace).to_json()["devices"]
    piped, _, every = device["inside_kernels"]
    assert piped["kernel"] == "piped"
    assert piped["sms"] == piped["most"] == 1
    assert piped["role_overlaps"] == [{"roles": ["loader", "compute"], "ratio": 0.35}]
    assert every["kernel"] is None
    json.dumps(device, allow_nan=False)
    text = str(report(trace))
    assert "blocks on SMs, from stamps" in text
    assert "compute 0.350" in text
    assert "all kernels" in text
