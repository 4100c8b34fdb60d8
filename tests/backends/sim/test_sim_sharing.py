"""Sharing bandwidth and arithmetic: once a moment is as good as at every change."""

from hypothesis import given
from hypothesis import strategies as st

from timeline.backends.sim.contention import Flow
from timeline.backends.sim.costs import Share
from timeline.backends.sim.devices import load_device

MODEL = load_device("h200")

shares = st.builds(
    Share,
    blocks=st.integers(1, 1056),
    alone_ns=st.integers(1_000, 100_000),
    flops=st.sampled_from([0.0, 1e4, 1e6]),
    dram_bytes=st.sampled_from([0.0, 1e6, 1e8]),
    weight=st.integers(1, 8_000).map(float),
)
moments = st.lists(
    st.tuples(st.integers(1, 900), st.lists(shares, max_size=3), st.integers(0, 3)), max_size=6
)


def followed(
    steps: list[tuple[int, list[Share], int]], *, held: bool
) -> dict[int, tuple[int, float]]:
    """Numbers that run when all is done, with their ends and paces."""
    due = [-1] * 64
    flow, now, number, running = Flow(MODEL, [], due), 0, 0, list[int]()
    for later, coming, going in steps:
        now += later
        if held:
            flow.hold()
        for _ in range(min(going, len(running))):
            flow.leave(running.pop(0), now)
        for share in coming:
            flow.enter(number, now, share.alone_ns, share)
            running.append(number)
            number += 1
        if held:
            flow.settle(now)
    return {n: (due[n], flow.active[n].pace) for n in running}


@given(moments)
def test_changes_of_one_moment_are_shared_once(steps: list[tuple[int, list[Share], int]]) -> None:
    assert followed(steps, held=True) == followed(steps, held=False)
