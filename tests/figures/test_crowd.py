"""More streams or bars than anybody could read."""

from collections.abc import Callable

from timeline.figures.choice import MOST_STREAMS, chosen_rows
from timeline.figures.crowd import MOST_AT_ONCE
from timeline.figures.rows import rows_of
from timeline.trace import Trace

Crowd = Callable[[int], Trace]


def test_too_many_streams_are_no_rows_unless_asked_for(crowd: Crowd) -> None:
    some, many = crowd(MOST_STREAMS), crowd(MOST_STREAMS + 1)
    assert chosen_rows("auto", [some]) == "stream"
    assert chosen_rows("auto", [some, many]) == "engine"
    assert chosen_rows("stream", [many]) == "stream"


def test_as_many_bars_as_can_be_seen_are_shown(crowd: Crowd) -> None:
    (lane,) = rows_of(crowd(MOST_AT_ONCE)).lanes
    assert (lane.kind, lane.label, lane.depths) == ("activities", "SM", MOST_AT_ONCE)


def test_more_are_shown_as_their_number(crowd: Crowd) -> None:
    most = MOST_AT_ONCE + 1
    (lane,) = rows_of(crowd(most)).lanes
    assert (lane.kind, lane.label, lane.depths) == ("profile", f"SM, up to {most}", 1)
    counts = (lane.bars.height * most).round().astype(int).tolist()
    assert counts == [*range(1, most + 1), *range(most - 1, 0, -1)]
    words = [lane.names[name] for name in lane.bars.name.tolist()]
    assert words == [f"{n} at once" for n in counts]
    assert (lane.bars.start[0], lane.bars.end[-1]) == (0, 1000)
