"""Blocks on the SMs, against a count of one number an SM and ns."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.analysis import Work, sm_blocks, work_of
from timeline.trace import Trace

MakeTrace = Callable[..., Trace]
Row = dict[str, Any]
SPAN, SMS = 30, 3

times = st.integers(0, SPAN)
blocks = st.lists(
    st.builds(
        lambda span, launch, sm: {"start": min(span), "end": max(span), "launch": launch, "sm": sm},
        st.tuples(times, times),
        st.integers(1, 3),
        st.integers(0, SMS - 1),
    ),
    min_size=1,
    max_size=12,
)


def stamps_of(found: list[Row]) -> list[Row]:
    """Two stamps a block, of halves that leave a hole between them where there is room."""
    rows = []
    for number, block in enumerate(found):
        start, end = block["start"], block["end"]
        middle = (start + end) // 2
        place = {"correlation": block["launch"], "block": number, "sm": block["sm"], "device": 0}
        rows.append({**place, "role": "body", "start": start, "end": max(middle - 1, start)})
        rows.append({**place, "role": "epilogue", "start": middle, "end": end})
    return rows


def work_with(make_trace: MakeTrace, stamps: list[Row], launches: int = 3) -> Work:
    kernels = [
        {"engine": "SM", "name": f"k{n % 2}", "start": 0, "end": SPAN, "correlation": n}
        for n in range(1, launches + 1)
    ]
    return work_of(make_trace(kernels, stamps=stamps), 0)


@given(blocks)
def test_every_ns_of_every_sm(make_trace: MakeTrace, found: list[Row]) -> None:
    measured = {row.kernel: row for row in sm_blocks(work_with(make_trace, stamps_of(found)))}
    names = {f"k{block['launch'] % 2}" for block in found}
    assert set(measured) == (names if len(names) == 1 else {*names, ""})
    for name, row in measured.items():
        mine = [b for b in found if name in ("", f"k{b['launch'] % 2}")]
        depth = np.zeros((SMS, SPAN), np.int64)
        for block in mine:
            depth[block["sm"], block["start"] : block["end"]] += 1
        used = sorted({block["sm"] for block in mine})
        assert (row.blocks, row.sms) == (len(mine), len(used))
        assert row.launches == len({block["launch"] for block in mine})
        assert row.most == depth.max()
        held = np.sort(depth[depth > 0])
        assert row.median == (held[(len(held) - 1) // 2] if len(held) else 0)
        busy = (depth[used] > 0).sum(axis=1)
        expected = busy.max() / busy.mean() - 1 if busy.any() else 0
        assert row.imbalance == pytest.approx(expected)


def test_no_stamps_tell_nothing(make_trace: MakeTrace) -> None:
    assert sm_blocks(work_with(make_trace, [])) == ()


def test_kernels_of_a_graph_share_an_id_and_are_left_out(make_trace: MakeTrace) -> None:
    stamp = {"correlation": 1, "block": 0, "sm": 0, "role": "body", "start": 0, "end": 5}
    rows = [{"engine": "SM", "start": 0, "end": 9, "correlation": 1} for _ in range(2)]
    assert sm_blocks(work_of(make_trace(rows, stamps=[stamp]), 0)) == ()
