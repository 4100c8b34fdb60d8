"""Pairs of dependent kernels in stream order, and with programmatic dependent launch (PDL).

The primary stores its result, triggers, and goes on with an epilogue. The secondary has a prologue
that needs nothing of the primary, then waits (``griddepcontrol.wait``) and reads both what the
primary stored before its trigger and what it stored in its epilogue. On an H200 the wait returns
when the primary has ended and its writes are visible, not at the trigger: what overlaps is the
secondary's prologue with the primary's epilogue.

No event stands between the two kernels: one that takes the time ends their overlap.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from timeline.program import Param, Program
from timeline.techniques.dependent_launch import primary, secondary
from timeline.techniques.scaffold import (
    BLOCK,
    GRID,
    US,
    bring_home,
    geometry,
    microseconds,
    program_builder,
    seed,
    seeded,
)
from timeline.techniques.spin import Uint32
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Pairs in one stream, each working on what the one before left; the attribute differs."""
    b = program_builder("pdl", variant, params)
    shape, stream, pairs = geometry(params), b.stream("stream"), int(params["pairs"])
    state, weights = seeded(b, "state", shape), seeded(b, "weights", shape, 1)
    before, after = b.device("before", shape.bytes), b.device("after", shape.bytes)
    ns = {n: int(params[f"{n}_us"]) * US for n in ("body", "epilogue", "prologue", "dependent")}
    with b.range("issue", category="phase"):
        for pair in range(pairs):
            with b.range(f"pair {pair}", category="batch"):
                primary(
                    b,
                    stream,
                    state,
                    before,
                    after,
                    shape,
                    body_ns=ns["body"],
                    epilogue_ns=ns["epilogue"],
                    marker=pair,
                    early=params["trigger"] == "early",
                )
                secondary(
                    b,
                    stream,
                    weights,
                    before,
                    after,
                    state,
                    shape,
                    prologue_ns=ns["prologue"],
                    body_ns=ns["dependent"],
                    pdl=variant == "pdl",
                )
    with b.range("finish", category="phase"):
        bring_home(b, state, stream, answer(seed(shape), seed(shape, 1), pairs))
        b.stream_synchronize(stream)
    return b.build()


def answer(state: Uint32, weights: Uint32, pairs: int) -> Uint32:
    """The known answer, in 64-bit arithmetic: ``s -> (w - 1) (3 s + pair) - 1`` modulo 2 ** 32.

    It is ``w x + ~x`` with ``x = 3 s + pair``, as ``~x = -x - 1``.
    """
    modulus = np.uint64(2**32)
    result, slope = state.astype(np.uint64), weights.astype(np.uint64) + modulus - np.uint64(1)
    for pair in range(pairs):
        stored = (np.uint64(3) * result + np.uint64(pair)) % modulus
        result = (slope % modulus * stored + modulus - np.uint64(1)) % modulus
    return result.astype(np.uint32)


TECHNIQUE = Technique(
    id="pdl",
    title="Programmatic dependent launch",
    section="Dependent kernels",
    figure="11-9",
    summary="A dependent kernel launched with PDL starts when its primary triggers, so its "
    "prologue runs beside the primary's epilogue.",
    shows=(
        "stream_order: each secondary starts after its primary has ended (gap above 0). pdl: it "
        "starts at the primary's trigger (gap below 0), its prologue beside the primary's "
        "epilogue; its wait returns when the primary has ended."
    ),
    bound=(
        "pairs × (body + max(epilogue, prologue) + dependent) with PDL; pairs × (body + epilogue "
        "+ prologue + dependent) without"
    ),
    variants=(
        Variant("stream_order", "baseline: the secondary launched without the attribute"),
        Variant("pdl", "the secondary launched with programmatic stream serialization"),
    ),
    parameters=(
        Parameter("pairs", 8, "pairs of primary and secondary", minimum=1, maximum=128),
        microseconds("body_us", 50, "the primary up to its trigger"),
        microseconds("epilogue_us", 50, "the primary after its trigger"),
        microseconds("prologue_us", 40, "the secondary up to its wait", minimum=0),
        microseconds("dependent_us", 20, "the secondary after its wait"),
        Parameter(
            "trigger",
            "late",
            "when the primary triggers: after its stores (late), or at its start (early)",
            choices=("late", "early"),
        ),
        GRID,
        BLOCK,
    ),
    builder=build,
    claims=(18,),
)
