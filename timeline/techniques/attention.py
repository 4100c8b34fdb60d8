"""``kernels/attention.cu``: the two kernels' NumPy twins, costs and launches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work

__all__ = [
    "HEAD",
    "SCORES",
    "VALUES",
    "Attention",
    "attend",
    "attention_scores",
    "attention_values",
]

HEAD = 64
TILE = 64
THREADS = 256

SHARE = 0.45
"""Of an SM's arithmetic, what the inner loop reaches on SMs full of both kernels, an estimate: for
every 16 FMAs of a thread there are two loads of 16 bytes from shared memory, and two barriers for
every 256. ``attention_scores`` alone reaches 0.35 on an H100."""

BLOCK_FLOPS_PER_NS = 182
"""What a block of ``attention_values`` reaches that has an SM to itself, measured on an H100."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Attention:
    """Shape of one step: new queries over all tokens so far.

    Attributes
    ----------
    queries, tokens, heads : int
        Rows of q, rows of the cache, heads of 64 floats.
    """

    queries: int
    tokens: int
    heads: int

    @property
    def row_bytes(self) -> int:
        """Bytes of a query, or of a key."""
        return 4 * self.heads * HEAD

    @property
    def scratch_bytes(self) -> int:
        """Bytes of the scores."""
        return 4 * self.heads * self.queries * self.tokens

    @property
    def flops(self) -> float:
        """FP32 operations of either product."""
        return 2.0 * self.heads * self.queries * self.tokens * HEAD

    @property
    def scalars(self) -> tuple[np.uint32, np.uint32, np.uint32]:
        """As the kernels take it."""
        return np.uint32(self.queries), np.uint32(self.tokens), np.uint32(self.heads)


def _shaped(args: Sequence[Any]) -> tuple[Float32, Float32, Float32, int, int, int]:
    *memory, queries, tokens, heads = args
    first, kv, last = (m.view(np.float32) for m in memory)
    sizes = int(queries), int(tokens), int(heads)
    return first, kv.reshape(sizes[1], 2, sizes[2], HEAD), last, *sizes


def _emulate_scores(args: Sequence[Any]) -> None:
    q, kv, scores, queries, tokens, heads = _shaped(args)
    rows, keys = q.reshape(queries, heads, HEAD), kv[:, 0]
    for head, out in enumerate(scores.reshape(heads, queries, tokens)):
        np.matmul(_packed(rows, head), _packed(keys, head).T, out=out)


def _emulate_values(args: Sequence[Any]) -> None:
    scores, kv, out, queries, tokens, heads = _shaped(args)
    for head, weights in enumerate(scores.reshape(heads, queries, tokens)):
        out.reshape(queries, heads, HEAD)[:, head] = weights @ _packed(kv[:, 1], head)


def _packed(rows: Float32, head: int) -> Float32:
    """One head, without the gaps of the others between its rows, which BLAS can't skip."""
    return np.ascontiguousarray(rows[:, head])


SCORES = Kernel(
    "attention_scores",
    "attention.cu",
    "attention_scores",
    registers=64,
    static_shared_bytes=8704,
    emulate=_emulate_scores,
)

VALUES = Kernel(
    "attention_values",
    "attention.cu",
    "attention_values",
    registers=79,
    static_shared_bytes=8704,
    emulate=_emulate_values,
)


def attend(q: Float32, kv: Float32) -> Float32:
    """``(q keys^T) values``, head by head; by associativity without the scores.

    Exact while no sum reaches 2 ** 24, as the kernels are.

    Parameters
    ----------
    q : (queries, heads, 64)
    kv : (tokens, 2, heads, 64)
        Keys and values.

    Returns
    -------
    (queries, heads, 64) float32
    """
    found = []
    for head in range(q.shape[1]):
        state = _packed(kv[:, 0], head).T @ _packed(kv[:, 1], head)
        found.append(_packed(q, head) @ state)
    return np.stack(found, axis=1)


def attention_scores(
    b: Builder, stream: Stream, scores: Buffer, q: Buffer | Span, kv: Buffer | Span, step: Attention
) -> None:
    """Launch ``scores = q keys^T``, head by head."""
    grid = (-(-step.tokens // TILE), -(-step.queries // TILE), step.heads)
    _product(b, SCORES, stream, grid, (q, kv, scores), step)


def attention_values(
    b: Builder,
    stream: Stream,
    out: Buffer | Span,
    scores: Buffer,
    kv: Buffer | Span,
    step: Attention,
) -> None:
    """Launch ``out = scores values``, head by head."""
    grid = (1, -(-step.queries // TILE), step.heads)
    _product(b, VALUES, stream, grid, (scores, kv, out), step)


def _product(
    b: Builder,
    kernel: Kernel,
    stream: Stream,
    grid: tuple[int, int, int],
    memory: tuple[Buffer | Span, Buffer | Span, Buffer | Span],
    step: Attention,
) -> None:
    blocks = grid[0] * grid[1] * grid[2]
    moved = step.scratch_bytes + step.row_bytes * (step.queries + step.tokens)
    b.launch(
        kernel,
        stream,
        grid=grid,
        block=THREADS,
        args=(*memory, *step.scalars),
        work=Work(
            block_ns=step.flops / blocks / BLOCK_FLOPS_PER_NS,
            flops=step.flops / blocks / SHARE,
            dram_bytes=moved / blocks,
        ),
        inputs=memory[:2],
        outputs=memory[2:],
    )
