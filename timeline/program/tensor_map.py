"""Tensor maps: how the copy engine of an SM (TMA, from sm_90 on) sees a tensor in memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from timeline.errors import ProgramError, unknown
from timeline.program.handles import Buffer, Span

__all__ = ["ITEM_BYTES", "TensorMap", "check_map", "rows_map"]

ITEM_BYTES = {"uint8": 1, "float16": 2, "bfloat16": 2, "int32": 4, "uint32": 4, "float32": 4}
"""Element types of a tensor map, and their bytes."""

SWIZZLES = (0, 32, 64, 128)
MAX_RANK = 5
MAX_BOX = 256
MAX_STRIDE = 2**40
UNIT_BYTES = 16
"""Addresses, strides and the innermost side of a box are multiples of it."""


@dataclass(frozen=True, slots=True)
class TensorMap:
    """A launch argument: ``cuTensorMapEncodeTiled`` of a tensor that lies in ``span``.

    The kernel takes it as a ``const __grid_constant__`` parameter of 128 bytes that lies on 64.
    To NumPy it is the bytes of its span.

    Attributes
    ----------
    dtype : str
        One of :data:`ITEM_BYTES`.
    shape : tuple of int
        Elements along each axis, the outermost first, as NumPy has it (CUDA has it last).
    strides : tuple of int
        Bytes from one index to the next, along each axis but the last, which has no gaps.
    box : tuple of int
        Elements that one load brings, along each axis; what lies outside of the tensor is zero.
    swizzle : int
        Bytes of a row of the box over which the engine permutes its 16-byte pieces in shared
        memory, so that a column's lie in different banks; 0 for none.
    """

    span: Span
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    box: tuple[int, ...]
    swizzle: int = 0

    @property
    def box_bytes(self) -> int:
        """Bytes that one load brings."""
        return prod(self.box) * ITEM_BYTES[self.dtype]


def rows_map(
    memory: Buffer | Span,
    dtype: str,
    shape: tuple[int, int],
    box: tuple[int, int],
    swizzle: int = 0,
) -> TensorMap:
    """The map of a matrix whose rows follow one another without a gap.

    Parameters
    ----------
    memory : Buffer or Span
        Where the matrix lies.
    dtype : str
        Of its elements.
    shape, box : (int, int)
        Rows and columns of the matrix, and of the tile that one load brings.
    swizzle : int
        Bytes over which shared memory is swizzled; 0 for none.
    """
    span = memory.span() if isinstance(memory, Buffer) else memory
    if dtype not in ITEM_BYTES:
        raise unknown("element type of a tensor map", dtype, ITEM_BYTES)
    return TensorMap(span, dtype, shape, (shape[1] * ITEM_BYTES[dtype],), box, swizzle)


def check_map(tensor: TensorMap) -> None:
    """Refuse what ``cuTensorMapEncodeTiled`` would refuse, and a tensor larger than its span.

    Raises
    ------
    ProgramError
        Naming the buffer and the rule.
    """
    for rule, found in _rules(tensor):
        if not found:
            raise ProgramError(f"the tensor map of {tensor.span.buffer.name!r}: {rule}")


def _rules(t: TensorMap) -> list[tuple[str, bool]]:
    item = ITEM_BYTES.get(t.dtype)
    rank = len(t.shape)
    if item is None:
        return [(f"{t.dtype!r} is none of {', '.join(ITEM_BYTES)}", False)]
    if not 1 <= rank <= MAX_RANK or len(t.box) != rank or len(t.strides) != rank - 1:
        return [(f"give 1 to {MAX_RANK} sides, as many of the box, one stride less", False)]
    inner = t.box[-1] * item
    used = (t.shape[-1] * item) + sum(
        (n - 1) * step for n, step in zip(t.shape, t.strides, strict=False)
    )
    return [
        (f"its sides {t.shape} must be 1 to 2**32", all(1 <= n <= 2**32 for n in t.shape)),
        (
            f"its box {t.box} must have sides of 1 to {MAX_BOX}",
            all(1 <= n <= MAX_BOX for n in t.box),
        ),
        (
            f"a row of the box has {inner} bytes, no multiple of {UNIT_BYTES}",
            inner % UNIT_BYTES == 0,
        ),
        (f"a swizzle of {t.swizzle} bytes is none of {SWIZZLES}", t.swizzle in SWIZZLES),
        (
            f"a row of the box has {inner} bytes, more than the swizzle of {t.swizzle}",
            not t.swizzle or inner <= t.swizzle,
        ),
        (
            f"its strides {t.strides} must be multiples of {UNIT_BYTES} bytes below 2**40; make "
            "the rows longer",
            all(0 < step < MAX_STRIDE and step % UNIT_BYTES == 0 for step in t.strides),
        ),
        (
            f"it begins at byte {t.span.offset}, no multiple of {UNIT_BYTES}",
            t.span.offset % UNIT_BYTES == 0,
        ),
        (f"it takes {used} bytes, its span has {t.span.bytes}", used <= t.span.bytes),
    ]
