"""A recorded pipeline, as good or as bad as a test wants it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from timeline.check import Entry, Rules, entries_of, require_ranges
from timeline.trace import Device, Meta, Trace, table

FACTORS = (1.0, 1.001, 0.999, 1.002, 0.998)
"""How long each repeat took: noise of 0.2 %."""

REPEAT_NS, CHUNKS, COPY_NS, KERNEL_NS = 10_000_000, 4, 100_000, 200_000

MakePipeline = Callable[..., Trace]


def pipeline(
    factors: Sequence[float] = FACTORS,
    *,
    kernel: float = 1.0,
    overlap: bool = True,
    device: str = "GPU",
    source: str = "cupti",
    labels: dict[str, Any] | None = None,
    repeats: bool = True,
    dropped: int = 0,
    kernel_name: str = "scale",
) -> Trace:
    """Chunks copied in and worked on: the copy of one beside the kernel of the last, or not.

    Each chunk is launched inside an NVTX range ``chunk N`` within a range ``step``.
    """
    rows: dict[str, list[dict[str, Any]]] = {"activities": [], "calls": [], "ranges": []}
    spans, correlation = [], 0
    for repeat, factor in enumerate(factors):
        base, copied, done = repeat * REPEAT_NS, 0, 0
        for chunk in range(CHUNKS):
            copy_ns, kernel_ns = round(COPY_NS * factor), round(KERNEL_NS * factor * kernel)
            start = copied if overlap else max(copied, done)
            copied = start + copy_ns
            work = max(copied, done)
            done = work + kernel_ns
            issue = base + 1_000 * chunk
            for kind, engine, name, first, last in (
                ("memcpy", "H2D", "copy", start, copied),
                ("kernel", "SM", kernel_name, work, done),
            ):
                correlation += 1
                rows["activities"].append(
                    {
                        "kind": kind,
                        "engine": engine,
                        "name": name,
                        "start": base + first + 10_000,
                        "end": base + last + 10_000,
                        "device": 0,
                        "stream": 1 + (chunk % 2 if overlap else 0),
                        "correlation": correlation,
                    }
                )
                call = {"name": "launch", "start": issue, "end": issue + 100, "thread": 1}
                rows["calls"].append({**call, "correlation": correlation})
                issue += 200
            rows["ranges"].append(
                {"name": f"chunk {chunk}", "start": base + 1_000 * chunk, "end": issue, "thread": 1}
            )
        span = {"name": "step", "start": base, "end": base + 1_000 * CHUNKS, "thread": 1}
        rows["ranges"].append(span)
        spans.append((base, base + REPEAT_NS))
    known = (Device(0, device),)
    meta = Meta(source, devices=known, labels=labels or {}, dropped=dropped)
    made = {
        name: table(name, {key: [row[key] for row in found] for key in found[0]})
        for name, found in rows.items()
    }
    trace = Trace.from_tables(meta, made)
    return trace.replace(repeats=tuple(spans)) if repeats else trace


@pytest.fixture(scope="session")
def make_pipeline() -> MakePipeline:
    return pipeline


@pytest.fixture(scope="session")
def entry() -> Callable[..., Entry]:
    """Measure a trace named ``step``: ``entry(trace, rules)``."""

    def measure(trace: Trace, rules: Rules | None = None) -> Entry:
        (found,) = entries_of([("step", trace)], rules or Rules())
        require_ranges(rules or Rules(), [found])
        return found

    return measure
