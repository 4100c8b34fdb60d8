"""Cutting a collection down to the repeats."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from timeline.backends.cuda.windows import Window, astray_ns, cut
from timeline.trace import table

WINDOWS = [Window(100, 150, 200), Window(300, 320, 400)]


def starts(name: str, values: list[int], **more: list[Any]) -> pa.Table:
    return table(name, {"start": values, "end": [v + 1 for v in values], **more})


def kept(name: str, found: dict[str, pa.Table]) -> list[int]:
    values: list[int] = found[name]["start"].to_pylist()
    return values


def test_activities_are_kept_until_the_device_is_idle() -> None:
    tables = {"activities": starts("activities", [99, 100, 151, 200, 201, 299, 300, 400, 401])}
    assert kept("activities", cut(tables, WINDOWS)) == [100, 151, 200, 300, 400]


@pytest.mark.parametrize("name", ["calls", "syncs", "allocs"])
def test_calls_are_kept_until_the_host_is_done(name: str) -> None:
    tables = {"activities": starts("activities", []), name: starts(name, [99, 150, 151, 320, 321])}
    assert kept(name, cut(tables, WINDOWS)) == [150, 320]


def test_ranges_of_the_own_domain_are_left_out() -> None:
    tables = {
        "activities": starts("activities", []),
        "ranges": starts("ranges", [110, 120, 250], domain=["timeline", None, "user"]),
    }
    assert kept("ranges", cut(tables, WINDOWS)) == [120]


def test_stream_events_follow_their_calls() -> None:
    calls = starts("calls", [120, 250], correlation=[7, 8])
    events = table("events", {"event": [1, 2], "correlation": [7, 8]})
    found = cut({"activities": starts("activities", []), "calls": calls, "events": events}, WINDOWS)
    assert found["events"]["correlation"].to_pylist() == [7]


def test_nothing_is_kept_without_repeats() -> None:
    assert kept("activities", cut({"activities": starts("activities", [1])}, [])) == []


def test_an_activity_of_a_kept_call_stays_whatever_the_clocks_say() -> None:
    tables = {
        "activities": starts("activities", [90, 250], correlation=[7, 8]),
        "calls": starts("calls", [101], correlation=[7]),
    }
    found = cut(tables, WINDOWS)
    assert kept("activities", found) == [90]
    assert astray_ns(found["activities"], WINDOWS) == 10
    assert astray_ns(starts("activities", [100, 400]), WINDOWS) == 0
