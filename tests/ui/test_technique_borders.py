"""Every control of every technique at its borders: a timeline, or one line that says why not."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from timeline.errors import TimelineError
from timeline.program import Param
from timeline.techniques import NAMES, Parameter, technique
from timeline.ui.controls import control, doublings
from timeline.ui.simulation import simulate

Run = Callable[..., Any]

REFUSED: dict[tuple[str, str, Param], str] = {
    ("cluster_pipeline", "grid", 2): "multiple of cluster_size",
    ("cluster_pipeline", "grid", 4096): "resident at once",
    ("cluster_pipeline", "cluster_size", 16): "multiple of cluster_size",
    ("pdl_cluster_gemm", "n", 1): "multiples of 16 bytes",
    ("pdl_cluster_gemm", "k", 1): "multiples of 16 bytes",
}
"""What no GPU takes with everything else at its default, and why."""


def borders(parameter: Parameter) -> Iterator[Param]:
    """The values at either end of a parameter's control."""
    kind = type(parameter.default)
    match control(parameter):
        case "toggle":
            yield not parameter.default
        case "choice":
            yield from parameter.choices
        case "doubling":
            yield from (doublings(parameter)[0], doublings(parameter)[-1])
        case "slider" | "number":
            ends = (parameter.minimum, parameter.maximum)
            yield from (kind(end) for end in ends if end is not None)


@pytest.mark.parametrize("name", NAMES)
def test_every_control_can_be_turned_to_its_ends(name: str) -> None:
    chosen = technique(name)
    for parameter in chosen.parameters:
        for value in borders(parameter):
            refused = REFUSED.get((name, parameter.name, value))
            with pytest.raises(TimelineError, match=refused) if refused else nullcontext():
                found = simulate(name, chosen.variants[-1].name, {parameter.name: value}, "h200", 1)
                assert found.activities.num_rows, (parameter.name, value)


def test_what_no_gpu_takes_is_one_line_on_the_page(run: Run) -> None:
    test = run("techniques", technique="cluster_pipeline", **{"cluster_pipeline.grid": "2"})
    assert not test.exception
    assert len(test.error) == 1
    assert "multiple of" in test.error[0].value
    assert "\n" not in test.error[0].value
