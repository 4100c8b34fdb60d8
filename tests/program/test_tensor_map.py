"""Tensor maps: what the driver would refuse is refused when the Program is built."""

from dataclasses import replace

import numpy as np
import pytest

from timeline.errors import DataRaceError, ProgramError, UsageError
from timeline.program import Builder, Kernel, Launch, TensorMap, Work, rows_map, span_of

COPY = Kernel("copy", "spin.cu", "spin")


def good() -> TensorMap:
    b = Builder("p")
    return rows_map(b.device("matrix", 64 * 40 * 2), "bfloat16", (64, 40), (32, 16), 32)


def launched(tensor: TensorMap, b: Builder) -> Launch:
    b.launch(COPY, b.stream("s"), grid=1, block=1, args=[tensor], work=Work(), inputs=[tensor.span])
    (op,) = (op for op in b.build().ops() if isinstance(op, Launch))
    return op


def test_rows_follow_one_another() -> None:
    tensor = good()
    assert (tensor.shape, tensor.strides, tensor.box_bytes) == ((64, 40), (80,), 32 * 16 * 2)
    assert span_of(tensor) == tensor.span
    assert span_of(np.uint32(3)) is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"dtype": "float8"}, "'float8' is none of"),
        ({"shape": (64,)}, "1 to 5 sides"),
        ({"strides": (80, 2)}, "one stride less"),
        ({"shape": (64, 0)}, "must be 1 to 2"),
        ({"box": (257, 16)}, "sides of 1 to 256"),
        ({"box": (32, 12), "swizzle": 0}, "24 bytes, no multiple of 16"),
        ({"swizzle": 48}, "none of"),
        ({"box": (32, 24)}, "more than the swizzle"),
        ({"strides": (84,)}, "multiples of 16 bytes"),
        ({"shape": (65, 40)}, "takes 5200 bytes, its span has 5120"),
    ],
)
def test_what_the_driver_refuses_is_refused_by_name(change: dict[str, object], rule: str) -> None:
    b = Builder("p")
    memory = b.device("matrix", 64 * 40 * 2)
    tensor = replace(good(), span=memory.span(), **change)  # type: ignore[arg-type]
    with pytest.raises(ProgramError, match=f"tensor map of 'matrix': .*{rule}"):
        launched(tensor, b)


def test_a_base_off_16_bytes_is_refused() -> None:
    b = Builder("p")
    tensor = rows_map(b.device("matrix", 4096).span(8), "float32", (4, 4), (4, 4))
    with pytest.raises(ProgramError, match="begins at byte 8"):
        launched(tensor, b)


def test_an_unknown_element_type_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'bfloat16'"):
        rows_map(Builder("p").device("matrix", 64), "bfloat", (4, 4), (4, 4))


def test_its_memory_must_be_declared() -> None:
    b = Builder("p")
    tensor = rows_map(b.device("matrix", 4096), "float32", (4, 4), (4, 4))
    b.launch(COPY, b.stream("s"), grid=1, block=1, args=[tensor], work=Work())
    with pytest.raises(ProgramError, match="neither among its inputs nor its outputs"):
        b.build()


def test_its_memory_takes_part_in_the_race_check() -> None:
    b = Builder("p")
    memory = b.device("matrix", 4096)
    tensor = rows_map(memory, "float32", (4, 4), (4, 4))
    b.memset(memory, 0, b.stream("other"))
    with pytest.raises(DataRaceError, match="matrix"):
        launched(tensor, b)
