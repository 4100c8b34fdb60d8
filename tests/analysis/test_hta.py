"""HTA's definitions, held against what HTA itself gave (``tools/hta_figures.py``)."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.analysis.hta import Figures, steps
from timeline.analysis.hta.merging import as_hta, exactly
from timeline.analysis.hta.rows import COMMUNICATION, COMPUTATION, GpuRows, kernel_type
from timeline.formats import open_trace
from timeline.report.hta import HtaReport, hta_report
from timeline.trace import Meta, Trace, table

DATA = Path(__file__).parents[1] / "data" / "kineto"
GOLD: dict[str, Any] = json.loads((DATA / "hta.json").read_text())
TIMES = ("idle_time(us)", "compute_time(us)", "non_compute_time(us)", "kernel_time(us)")
OVERLAP = "comp_comm_overlap_pctg"

Spans = list[tuple[int, int, bool]]


def agrees(found: HtaReport, gold: Any) -> bool:
    """Whether it is what HTA gave; where HTA's own sorting decides, within what it can change."""
    figures, row = found.figures, found.to_json()
    if gold == "IndexError":
        return not figures.kernel_ns
    if gold == "AssertionError":
        return figures.refused
    chance = found.steps[-1].by_chance_us
    if chance:
        return all(abs(row[key] - gold[key]) <= chance for key in TIMES)
    return bool({key: row[key] for key in gold} == gold)


@pytest.mark.parametrize("name", GOLD["files"])
def test_users_of_hta_find_their_numbers(name: str) -> None:
    found = hta_report(open_trace(DATA / name), name)
    assert found.to_json().items() >= GOLD["files"][name].items()


def test_small_traces_with_all_that_hta_turns_on(tmp_path: Path) -> None:
    texts = json.loads(gzip.decompress((DATA / "hta_made.json.gz").read_bytes()))
    assert len(texts) == len(GOLD["made"]) > 50
    path, names, sure = tmp_path / "trace.json", set(), 0
    for text, gold in zip(texts, GOLD["made"], strict=True):
        path.write_text(text)
        found = hta_report(open_trace(path), "made")
        assert agrees(found, gold)
        names |= {step.name for step in found.steps}
        sure += not found.steps[-1].by_chance_us
    assert {"by name", "synchronisations", "host ranges", "last step"} < names
    assert sure > len(texts) / 2


def test_the_first_step_is_the_exact_one() -> None:
    exact = json.loads((DATA / "exact.json").read_text())["nccl_data.json.gz"]["devices"]["0"]
    first = steps(open_trace(DATA / "nccl_data.json.gz"))[0].figures
    assert first == Figures(
        exact["idle_ns"],
        exact["compute_ns"],
        exact["span_ns"],
        exact["comm_ns"],
        exact["comm_and_compute_ns"],
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ncclDevKernel_AllReduce", COMMUNICATION),
        ("multimem_all_reduce_kernel", COMPUTATION),
        ("Stream Wait Event", COMPUTATION),
    ],
)
def test_names_decide(name: str, kind: int) -> None:
    assert kernel_type(name) == kind


def rows_of(spans: Spans) -> GpuRows:
    starts = np.array([start for start, _, _ in spans], np.int64)
    lengths = np.array([length for _, length, _ in spans], np.int64)
    kinds = [COMMUNICATION if talks else COMPUTATION for _, _, talks in spans]
    nothing = np.full(len(spans), -1, np.int64)
    return GpuRows(starts, starts + lengths, np.array(kinds, np.int8), nothing, 0)


def merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """HTA's merging in plain Python."""
    found: list[tuple[int, int]] = []
    reach: int | None = None
    for start, end in sorted(spans, key=lambda span: span[0]):
        if reach is None or start > reach:
            found.append((start, end))
        else:
            found[-1] = found[-1][0], max(found[-1][1], end)
        reach = end if reach is None else max(reach, end)
    return found


SPANS = st.lists(
    st.tuples(st.integers(0, 60_000), st.integers(0, 9_000), st.booleans()), min_size=1, max_size=20
)


@given(SPANS)
def test_merging_is_htas(spans: Spans) -> None:
    spans = sorted(spans)
    rounded = [(-(-start // 1000), (start + length) // 1000) for start, length, _ in spans]
    pieces = merged(rounded)
    figures = as_hta(rows_of(spans))
    assert figures.kernel_ns == (pieces[-1][1] - pieces[0][0]) * 1000
    busy = sum(end - start for start, end in pieces) * 1000
    assert figures.idle_ns == figures.kernel_ns - busy


@given(SPANS)
def test_whole_microseconds_give_the_exact_figures(spans: Spans) -> None:
    whole = [(1000 * start, 1000 * (length + 1), talks) for start, length, talks in spans]
    assert as_hta(rows_of(whole)) == exactly(rows_of(whole))


def test_what_hta_would_not_read_is_said() -> None:
    columns = {"kind": ["kernel"], "name": ["k"], "start": [0], "end": [5000], "device": [0]}
    made = table("activities", {**columns, "stream": [7]})
    found = hta_report(Trace.from_tables(Meta("cupti"), {"activities": made}), "ours")
    assert any("PyTorch" in note for note in found.notes)
    nothing = table("activities", {**columns, "stream": [None]})
    empty = hta_report(Trace.from_tables(Meta("kineto"), {"activities": nothing}), "none")
    assert any("IndexError" in note for note in empty.notes)
    assert [step.name for step in empty.steps] == ["exact", "without stream", "rounded"]
    assert hta_report(Trace.from_tables(Meta("kineto"), {}), "empty").figures.kernel_ns == 0
