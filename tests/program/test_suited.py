"""What runs where a device lacks a feature."""

from collections.abc import Callable

import numpy as np
import pytest

from timeline.errors import ProgramError, UnavailableError, UsageError
from timeline.program import Builder, GraphLaunch, Kernel, Launch, Program, Suitor, Work, suited
from timeline.program.features import FEATURES, missing

FAST = Kernel("fast", "spin.cu", "spin", needs=("tma", "wgmma"))
MIDDLE = Kernel("middle", "spin.cu", "spin", needs=("tma",))
PLAIN = Kernel("plain", "spin.cu", "spin")
AMPERE, HOPPER = Suitor("A100", (8, 0)), Suitor("H200", (9, 0))
BLACKWELL = Suitor("B200", (10, 0))


def launch(b: Builder, kernel: Kernel, **how: object) -> None:
    stream = b._streams[0] if b._streams else b.stream("s")
    b.launch(kernel, stream, grid=2, block=1, work=Work(), **how)  # type: ignore[arg-type]


def built(*kernels: Kernel, **how: object) -> Program:
    """The first kernel, and the others to run instead, each of the one before."""
    b = Builder("p")

    def nested(rest: tuple[Kernel, ...]) -> None:
        launch(b, rest[0], **(how if rest[0] is kernels[0] else {}))
        if rest[1:]:
            with b.otherwise():
                nested(rest[1:])

    nested(kernels)
    return b.build()


def ran(program: Program, device: Suitor) -> list[str]:
    found, _ = suited(program, {0: device})
    return [op.kernel.name for op in found.ops() if isinstance(op, Launch)]


@pytest.mark.parametrize(
    ("feature", "capability", "there"),
    [
        ("wgmma", (9, 0), True),
        ("wgmma", (10, 0), False),
        ("tma", (12, 0), True),
        ("cluster", (8, 9), False),
        ("bfloat16", (8, 0), True),
        ("bfloat16", (7, 5), False),
    ],
)
def test_features_by_compute_capability(
    feature: str, capability: tuple[int, int], there: bool
) -> None:
    assert (missing([feature], capability) == ()) == there


def test_a_program_that_has_all_it_needs_is_left_alone() -> None:
    program = built(FAST, PLAIN)
    assert program.needs == ("tma", "wgmma")
    assert suited(program, {0: HOPPER}) == (program, ())
    assert suited(program, {0: HOPPER})[0] is program


def test_the_first_that_the_device_can_do_runs() -> None:
    program = built(FAST, MIDDLE, PLAIN)
    assert ran(program, HOPPER) == ["fast"]
    assert ran(program, BLACKWELL) == ["middle"]
    assert ran(program, AMPERE) == ["plain"]


def test_the_notes_say_what_is_missing_and_what_ran() -> None:
    _, notes = suited(built(FAST, PLAIN), {0: AMPERE})
    assert notes == (
        "A100 (compute capability 8.0) has no tma and wgmma: plain ran in place of fast.",
    )


def test_without_anything_to_run_instead_the_feature_is_named() -> None:
    with pytest.raises(UnavailableError, match=r"'middle' needs tma, which A100 .*8\.0\) lacks"):
        suited(built(MIDDLE), {0: AMPERE})


def test_a_cluster_is_a_need_by_itself() -> None:
    with pytest.raises(UnavailableError, match="needs cluster"):
        suited(built(PLAIN, cluster=2), {0: AMPERE})


def test_pdl_falls_back_to_stream_order() -> None:
    found, notes = suited(built(PLAIN, pdl=True), {0: AMPERE})
    (op,) = (op for op in found.ops() if isinstance(op, Launch))
    assert not op.pdl
    assert notes == (
        "A100 (compute capability 8.0) has no pdl: plain was launched in stream order.",
    )


def test_graphs_are_fitted_too() -> None:
    b = Builder("p")
    stream = b.stream("s")
    with b.capture("g", stream) as captured:
        launch(b, FAST)
        with b.otherwise():
            launch(b, PLAIN)
    b.graph_launch(captured[0], stream)
    found, _ = suited(b.build(), {0: AMPERE})
    (replay,) = (op for op in found.ops() if isinstance(op, GraphLaunch))
    assert replay.graph is found.graphs[0]
    assert [op.kernel.name for op in replay.graph.ops if isinstance(op, Launch)] == ["plain"]


def test_answers_that_need_a_feature_are_left_out_with_it() -> None:
    b = Builder("p")
    home = b.host("home", 4, pinned=True, fill=lambda: np.zeros(4, np.uint8))
    b.expect(home, lambda: np.zeros(4, np.uint8), needs=("tma",))
    b.expect(home, lambda: np.zeros(4, np.uint8))
    launch(b, FAST)
    with b.otherwise():
        launch(b, PLAIN)
    program = b.build()
    assert len(suited(program, {0: HOPPER})[0].expects) == 2
    assert len(suited(program, {0: AMPERE})[0].expects) == 1


def _nothing(b: Builder) -> None:
    launch(b, FAST)
    with b.otherwise():
        pass


def _first(b: Builder) -> None:
    with b.otherwise():
        launch(b, PLAIN)


def _two(b: Builder) -> None:
    launch(b, FAST)
    with b.otherwise():
        launch(b, PLAIN)
        launch(b, PLAIN)


@pytest.mark.parametrize("wrong", [_nothing, _first, _two])
def test_otherwise_takes_one_launch_behind_another(wrong: Callable[[Builder], None]) -> None:
    with pytest.raises(ProgramError, match="takes one launch"):
        wrong(Builder("p"))


def test_what_runs_instead_has_the_same_effect() -> None:
    b = Builder("p")
    out = b.device("out", 4)
    launch(b, FAST, outputs=[out])
    with b.otherwise():
        launch(b, PLAIN)
    with pytest.raises(ProgramError, match="'plain', to run instead"):
        b.build()


def test_an_unknown_feature_is_named() -> None:
    with pytest.raises(UsageError, match="feature that kernel 'k' needs"):
        Kernel("k", "spin.cu", "spin", needs=("wgma",))
    assert all(first <= last for first, last in FEATURES.values())
