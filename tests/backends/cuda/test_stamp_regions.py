"""Memory for in-kernel stamps: how much a launch takes, and what is read back from it."""

import numpy as np
import pytest

from timeline.backends.cuda.stamps import STAMP, Region, region_bytes, stamps_in
from timeline.errors import ProgramError
from timeline.program import Builder, Kernel, Launch, Work


def launch(kernel: Kernel, grid: int = 4) -> Launch:
    b = Builder("p")
    b.launch(kernel, b.stream("s"), grid=grid, block=32, work=Work())
    (op,) = (op for op in b.build().ops() if isinstance(op, Launch))
    return op


def kernel(tiles: int = 1, blocks: int = 0) -> Kernel:
    roles = ("loader", "compute")
    return Kernel("k", "k.cu", "k", stamp_roles=roles, stamp_tiles=tiles, stamp_blocks=blocks)


def test_a_slot_a_role_and_tile_and_one_to_count() -> None:
    assert region_bytes(launch(kernel())) == 4 * 2 * 32
    assert region_bytes(launch(kernel(tiles=5))) == 4 * 2 * 6 * 32
    assert region_bytes(launch(kernel(tiles=5, blocks=3))) == 3 * 2 * 6 * 32
    assert region_bytes(launch(kernel(blocks=9))) == 4 * 2 * 32
    assert region_bytes(launch(Kernel("k", "k.cu", "k"))) == 0


def test_what_was_not_written_stays_out_and_what_had_no_slot_is_counted() -> None:
    op = launch(kernel(tiles=2), grid=1)
    raw = np.zeros(region_bytes(op), np.uint8)
    slots = raw.view(STAMP).reshape(2, 3)
    slots[0, :2] = [(10, 20, 5, 0, 0, 7), (20, 30, 5, 0, 0, 9)]
    slots[0, 2]["end"] = 6  # six spans of the loader, two slots
    slots[1, 0] = (15, 25, 5, 0, 1, 7)
    slots[1, 2]["end"] = 1
    found = stamps_in(Region(op, 1, "k", False, 0, raw.size), 0, raw)
    assert found.stamps["tile"].tolist() == [7, 9, 7]
    assert found.stamps["role"].tolist() == [0, 0, 1]
    assert found.left_out == 4


@pytest.mark.parametrize(("tiles", "blocks"), [(0, 0), (1, -1)])
def test_senseless_numbers_of_stamps(tiles: int, blocks: int) -> None:
    with pytest.raises(ProgramError, match="'k'"):
        kernel(tiles, blocks)
