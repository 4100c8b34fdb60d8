"""What stamps cost a kernel: the same launches with them and without."""

from collections.abc import Callable
from typing import Any

import pytest

from timeline.analysis import stamp_cost
from timeline.trace import Trace

MakeTrace = Callable[..., Trace]


def launches(*lengths: int, name: str = "k") -> list[dict[str, Any]]:
    return [
        {"engine": "SM", "name": name, "start": 1_000 * n, "end": 1_000 * n + length}
        | {"correlation": n}
        for n, length in enumerate(lengths)
    ]


def test_medians_of_the_launches(make_trace: MakeTrace) -> None:
    stamps = [
        {"correlation": n, "block": b, "role": "body", "start": 0, "end": 1}
        for n in range(3)
        for b in range(4)
    ]
    stamped = make_trace(launches(110, 120, 400), stamps=stamps)
    (found,) = stamp_cost(stamped, make_trace(launches(100, 100, 90)))
    assert (found.kernel, found.launches, found.stamps) == ("k", 3, 4.0)
    assert (found.with_ns, found.without_ns, found.added_ns) == (120, 100, 20)
    assert found.ratio == pytest.approx(1.2)


def test_only_kernels_that_write_stamps_and_are_in_both(make_trace: MakeTrace) -> None:
    stamps = [{"correlation": 0, "block": 0, "role": "body", "start": 0, "end": 1}]
    stamped = make_trace(launches(100), stamps=stamps)
    assert stamp_cost(stamped, make_trace(launches(100, name="other"))) == ()
    assert stamp_cost(make_trace(launches(100)), stamped) == ()
    assert stamp_cost(make_trace([]), make_trace([])) == ()
