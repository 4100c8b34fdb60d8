"""Several devices: turns taken, and communication beside nothing; planted, and on fixed twins."""

from collections.abc import Callable

import pytest

from timeline.backends import RunOptions
from timeline.backends.sim import SimBackend
from timeline.findings import findings
from timeline.techniques import technique
from timeline.trace import Trace

Codes = Callable[[Trace], list[str]]


def simulated(name: str, variant: str) -> Trace:
    return SimBackend("h200").run(technique(name).program(variant), RunOptions(verify=False))


def test_devices_that_take_turns(codes: Codes) -> None:
    (found,) = (
        one
        for one in findings(simulated("p2p_pipeline", "one_after_other"))
        if one.code == "devices-in-turn"
    )
    assert found.device == 0
    assert found.severity == "high"
    assert "devices-in-turn" not in codes(simulated("p2p_pipeline", "copy_stream"))


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("p2p_pipeline", "pipelined", "copy_stream"),
        ("allreduce_overlap", "after_backward", "per_layer"),
    ],
)
def test_exposed_communication(name: str, before: str, after: str) -> None:
    def cost(variant: str) -> int:
        found = findings(simulated(name, variant))
        return sum(one.cost_ns for one in found if one.code == "exposed-communication")

    assert cost(before) > 0
    assert cost(after) < 0.3 * cost(before)
