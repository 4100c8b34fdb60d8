"""Without a GPU: the schedule that the pipeline issues must overlap on a described device."""

import pytest
from schedule import schedule

pytestmark = pytest.mark.timeline(backend="sim", device="h200", ranges=["step"])


def test_copies_hide_behind_kernels(timeline):
    trace = timeline.run(schedule())
    timeline.require(trace, "hidden_copy_ratio >= 0.5", "overlap_ratio[D2H,SM] >= 0.4")


def test_nothing_is_lost(timeline):
    timeline.check(timeline.run(schedule()))
