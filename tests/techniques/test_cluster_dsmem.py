"""Tiles that blocks share: the twin, and who loads how much."""

import numpy as np
import pytest

from timeline.errors import UsageError
from timeline.program import Launch, TensorMap
from timeline.techniques import technique
from timeline.techniques.cluster_dsmem import TILE, TILE_BYTES, bytes_read, combined

SMALL = {"batches": 2, "tiles": 3, "rounds": 2}


def launches(variant: str, **params: int) -> list[Launch]:
    program = technique("cluster_pipeline").program(variant, **{**SMALL, **params})
    return [op for op in program.ops() if isinstance(op, Launch)]


def test_the_twin_against_loops() -> None:
    rng = np.random.default_rng(5)
    a = rng.integers(-4, 4, (2, TILE, TILE)).astype(np.float32)
    b = rng.integers(-4, 4, (3, TILE, TILE)).astype(np.float32)
    wanted = np.zeros_like(a)
    for tile in range(2):
        for weights in b:
            wanted[tile] += a[tile] * weights.sum(0) + weights * a[tile].sum(0)
    assert np.array_equal(combined(a, b), wanted)


def test_a_cluster_loads_a_tile_once_and_its_blocks_each() -> None:
    once = bytes_read(66, 96, 4, "leader")
    assert once == 66 * 97 * TILE_BYTES
    assert bytes_read(66, 96, 4, "shares") == once
    assert bytes_read(66, 96, 4, "blocks") == 4 * once


def test_variants_change_one_thing() -> None:
    apart, leader, together, cooperative = (
        launches(v)[0] for v in ("per_block", "leader", "cluster", "cooperative")
    )
    assert apart.cluster == (1, 1, 1)
    assert leader.cluster == together.cluster == (4, 1, 1)
    assert apart.grid == leader.grid == together.grid == cooperative.grid
    assert (together.cooperative, cooperative.cooperative) == (False, True)
    assert together.kernel == cooperative.kernel
    assert together.args == cooperative.args


@pytest.mark.parametrize("size", [2, 4, 8, 16])
@pytest.mark.parametrize("variant", ["leader", "cluster", "per_block"])
def test_sizes_of_the_cluster(variant: str, size: int) -> None:
    for op in launches(variant, cluster_size=size, grid=32):
        assert op.cluster == (1 if variant == "per_block" else size, 1, 1)
        rows = TILE if variant == "leader" else TILE // size
        assert all(a.box == (rows, 32) for a in op.args if isinstance(a, TensorMap))
        assert ("CLUSTER=4" in op.kernel.defines) is False
        assert (f"CLUSTER={size}" in op.kernel.defines) == (size != 4)
        assert op.instead is not None
        assert op.instead.kernel.entry == "tile_per_block"


@pytest.mark.parametrize(("variant", "blocks"), [("per_block", 3), ("leader", 4), ("cluster", 2)])
def test_blocks_of_both_streams_fit_on_an_sm(variant: str, blocks: int) -> None:
    (op, *_) = launches(variant)
    assert blocks * (op.dynamic_shared_bytes + 1024) <= 228 * 1024
    assert blocks * op.block[0] * op.kernel.registers <= 65536


def test_what_can_not_be_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="cluster_size=6: must be one of 2, 4, 8, 16"):
        launches("cluster", cluster_size=6)
    with pytest.raises(UsageError, match="grid=30: must be a multiple of cluster_size=4"):
        launches("per_block", grid=30)
