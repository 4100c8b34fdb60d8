"""On a GPU: five recorded steps against the baseline of this GPU, which --timeline-update makes."""

import pytest

from timeline.backends import why_not_cuda

if reason := why_not_cuda():
    pytest.skip(reason, allow_module_level=True)


def test_a_step_keeps_its_overlap(timeline):
    from pipeline import Pipeline

    step = Pipeline().step
    traces = timeline.record(step)
    timeline.require(traces, "pageable_copies == 0", "legacy_launches == 0")
    timeline.check(traces)
