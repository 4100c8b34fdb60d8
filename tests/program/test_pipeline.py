"""The schedule of a block's roles over its tiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import ProgramError
from timeline.program import Pipeline

ROLES = ("loader", "compute", "storer")


def test_two_stages_load_beside_compute_and_one_does_not() -> None:
    one = Pipeline(ROLES, (10, 10, 1), (1, 1), 4)
    two = Pipeline(ROLES, (10, 10, 1), (2, 2), 4)
    assert (one.ns, two.ns) == (81, 51)
    assert two.spans()[:2, :, 0].tolist() == [[0, 10, 20, 30], [10, 20, 30, 40]]


def test_loads_in_flight_overlap_each_other() -> None:
    waits = Pipeline(ROLES, (30, 10, 1), (2, 2), 4)
    flies = Pipeline(ROLES, (30, 10, 1), (2, 2), 4, in_flight=("loader",))
    assert waits.spans()[0, :, 0].tolist() == [0, 30, 60, 90]
    assert flies.spans()[0, :, 0].tolist() == [0, 0, 40, 50]


times = st.tuples(*[st.integers(0, 50)] * 3)
stages = st.tuples(*[st.integers(1, 4)] * 2)


@settings(max_examples=100, deadline=None)
@given(times=times, stages=stages, tiles=st.integers(1, 12), asynchronous=st.booleans())
def test_laws(
    times: tuple[int, int, int], stages: tuple[int, int], tiles: int, asynchronous: bool
) -> None:
    pipeline = Pipeline(ROLES, times, stages, tiles, ("loader",) if asynchronous else ())
    start, end = np.moveaxis(pipeline.spans(), -1, 0)
    assert (end - start == np.array(times)[:, None]).all()
    assert (start[1:] >= end[:-1]).all()  # a tile passes from role to role
    for role, held in enumerate(stages):  # and no more of them than there are buffers
        assert (start[role, held:] >= end[role + 1, : tiles - held]).all()
    most = sum(times) * tiles
    assert max(times[1:]) * tiles <= pipeline.ns <= most
    more = Pipeline(ROLES, times, (stages[0] + 1, stages[1] + 1), tiles, pipeline.in_flight)
    assert more.ns <= pipeline.ns


@pytest.mark.parametrize(
    ("times", "stages", "tiles", "words"),
    [
        ((1, 1), (1, 1), 1, "a time for each"),
        ((1, 1, 1), (1,), 1, "the stages"),
        ((1, 1, 1), (1, 0), 1, "at least one stage"),
        ((1, 1, 1), (1, 1), 0, "has tiles"),
        ((1, 1, -1), (1, 1), 1, "negative"),
    ],
)
def test_what_makes_no_pipeline(
    times: tuple[float, ...], stages: tuple[int, ...], tiles: int, words: str
) -> None:
    with pytest.raises(ProgramError, match=words):
        Pipeline(ROLES, times, stages, tiles)
