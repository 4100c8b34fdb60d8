"""Writes the tables of ``docs/whatif.md``: predictions beside recordings, and unchanged replays.

Run it as ``python tools/whatif_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np

from timeline.analysis import Work
from timeline.analysis.windows import makespans_ns, median_repeat
from timeline.engines import D2H, H2D, P2P, SM
from timeline.report.units import time_text
from timeline.samples import table
from timeline.trace import Trace
from timeline.whatif import Prediction, lift, predict, replay
from timeline.whatif.lift import chosen

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
PAGE = ROOT / "docs" / "whatif.md"
BEGIN, END = "<!-- tools/whatif_page.py -->", "<!-- end -->"

MEDIAN_ERROR, WORST_ERROR, OVERLAP_ERROR = 0.05, 0.15, 0.05
"""What predictions must reach: of the makespan, and of overlap ratios in the median."""

REPLAY_ERROR = 0.02
"""What unchanged replays must reach: of the makespan, and of starts at the 95th percentile."""

COUNTED_SHARE = 0.02
"""An overlap counts when each of its engines was busy for this share of the makespan."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A recorded baseline, the variant that has a fix, and how to ask for it.

    Attributes
    ----------
    free : bool or None
        What the what-if is told of kernels side by side, where no recording of one stream can show
        it: kernels that wait for time to pass, or need unlike units, keep their pace.
    held_out : bool
        Whether no rule of the replay was chosen with this recording at hand.
    """

    technique: str
    before: str
    after: str
    fixes: tuple[str, ...]
    held_out: bool
    free: bool | None = None


PAIRS: Sequence[Pair] = (
    Pair("five_kernels", "one_stream", "two_streams", ("split_streams:2",), False, True),
    Pair("three_way_overlap", "serial", "depth_first", ("split_streams:4",), False),
    Pair("multistream_warp_specialized", "one_stream", "two_streams", ("split_streams:2",), False),
    Pair(
        "multistream_warp_specialized", "one_stream", "three_streams", ("split_streams:3",), False
    ),
    Pair("pinned_vs_pageable", "pageable", "pinned", ("pin_copies",), False),
    Pair("saturation", "bandwidth_alone", "bandwidth_together", ("split_streams:2",), False),
    Pair("saturation", "compute_alone", "compute_together", ("split_streams:2",), False),
    Pair("saturation", "mixed_alone", "mixed_together", ("split_streams:2",), False, True),
    Pair("stream_ordered_alloc", "malloc_free", "async_max", ("async_alloc",), True),
    Pair("variable_scratch", "blocking", "stream_ordered", ("async_alloc",), False),
    Pair("layerwise_pipeline", "one_stream", "two_streams", ("split_streams:2:stages",), False),
    Pair("default_stream_barrier", "stray_legacy", "non_blocking", ("named_streams",), True),
    Pair("per_thread_default_stream", "legacy", "per_thread", ("named_streams",), False, True),
    Pair("event_wait", "device_synchronize", "event", ("events_for_syncs",), True),
    Pair("event_wait", "stream_synchronize", "event", ("events_for_syncs",), True),
    Pair("two_pipelines", "two_stages", "two_streams", ("split_streams:2",), True),
    Pair("allreduce_overlap", "after_backward", "per_layer", ("overlap_communication",), False),
    Pair("p2p_pipeline", "pipelined", "copy_stream", ("overlap_communication",), False),
    Pair("graph_capture", "stream_launches", "graph", ("capture_graph",), True),
    Pair("pdl", "stream_order", "pdl", ("enable_pdl",), False),
    Pair("pdl_cluster_gemm", "cluster", "pdl", ("enable_pdl",), False),
    Pair("torch_allocator", "native", "cuda_malloc_async", ("async_alloc",), True),
    Pair("torch_dataloader", "pageable", "pinned", ("pin_copies",), True),
    Pair("torch_dataloader", "pageable", "prefetch", ("pin_copies", "split_streams:2"), True),
)


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """A prediction beside what was measured; of the repeats the shortest and the longest too."""

    pair: Pair
    gpu: str
    found: Prediction
    measured_ns: int
    repeats_ns: tuple[int, int]
    overlaps: Mapping[str, tuple[float, float]]

    @property
    def error(self) -> float:
        """Of the predicted makespan, as a part of the measured one."""
        return self.found.predicted_ns / self.measured_ns - 1


def rows(samples: Path) -> Iterator[Row]:
    """Every pair of which both variants were recorded, on the same GPU."""
    for pair in PAIRS:
        before, after = (samples / pair.technique / name for name in (pair.before, pair.after))
        if not (before.is_dir() and after.is_dir()):
            continue
        baseline, fixed = Trace.load(before), Trace.load(after)
        names = {trace.meta.devices[0].name for trace in (baseline, fixed)}
        if len(names) == 1:
            yield _row(pair, baseline, fixed)


def _row(pair: Pair, baseline: Trace, fixed: Trace) -> Row:
    found = predict(baseline, pair.fixes, free=pair.free)
    measured, predicted = chosen(fixed, median_repeat(fixed), None), chosen(found.trace, 0, None)
    return Row(
        pair,
        baseline.meta.devices[0].name.removeprefix("NVIDIA "),
        found,
        measured.window.length_ns,
        _extremes(fixed),
        _overlaps(predicted, measured),
    )


def _extremes(trace: Trace) -> tuple[int, int]:
    known = [ns for ns in makespans_ns(trace) if ns is not None]
    return min(known), max(known)


def _overlaps(predicted: Work, measured: Work) -> dict[str, tuple[float, float]]:
    """Overlap ratios of the engines that were busy in both, device by device."""
    found = {}
    for one, other in zip(predicted.parts, measured.parts, strict=True):
        on = f"{one.device}:" if predicted.beside else ""
        for pair in combinations((H2D, SM, D2H, P2P), 2):
            if all(_counts(work, engine) for work in (one, other) for engine in pair):
                name = " ∩ ".join(f"{on}{engine}" for engine in pair)
                found[name] = (_ratio(one, *pair), _ratio(other, *pair))
    return found


def _counts(work: Work, engine: str) -> bool:
    return work.busy_ns(engine) > COUNTED_SHARE * work.window.length_ns


def _ratio(work: Work, first: str, second: str) -> float:
    return work.overlap_ns(first, second) / min(work.busy_ns(first), work.busy_ns(second))


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A recording beside its replay with nothing changed.

    Attributes
    ----------
    makespan, starts : float
        Error of the makespan, and of starts at the 95th percentile, as parts of the makespan.
    """

    place: str
    activities: int
    makespan: float
    starts: float


def unchanged(samples: Path) -> Iterator[Unchanged]:
    """Every recording, replayed."""
    for place in sorted(samples.glob("*/*/meta.json")):
        scenario = lift(Trace.load(place.parent))
        work, schedule = scenario.work, replay(scenario)
        makespan = int(work.ends.max() - work.starts.min())
        away = np.abs(schedule.starts - work.starts)
        yield Unchanged(
            place.parent.relative_to(samples).as_posix(),
            len(work.rows),
            schedule.makespan_ns / makespan - 1,
            float(np.percentile(away, 95)) / makespan,
        )


HEADINGS = (
    "baseline → variant",
    "GPU",
    "what-if on the baseline",
    "baseline",
    "predicted",
    "measured",
    "error",
    "overlap ratios predicted / measured",
    "held out",
)


def predictions(found: Sequence[Row]) -> str:
    """The table of predictions, and how they do."""
    if not found:
        return "No pair is recorded here.\n"
    made = table(HEADINGS, map(_cells, found))
    parts = (
        made,
        _scattered(found),
        _summary("All", found),
        _summary("Held out", _held_out(found)),
    )
    return "\n".join(filter(None, parts))


def _scattered(found: Sequence[Row]) -> str:
    """Variants whose own repeats lie further apart than a prediction may be off."""
    far = [
        f"{row.pair.technique}, {row.pair.after}: {time_text(low)} to {time_text(high)}"
        for row in found
        for low, high in [row.repeats_ns]
        if high > (1 + WORST_ERROR) * low
    ]
    if not far:
        return ""
    return f"Repeats of a variant further apart than {WORST_ERROR:.0%}: {'; '.join(far)}.\n"


def _held_out(found: Sequence[Row]) -> list[Row]:
    return [row for row in found if row.pair.held_out]


def _cells(row: Row) -> Sequence[str]:
    pair, found = row.pair, row.found
    told = " (kernels free)" if pair.free else ""
    overlaps = (f"{name} {a:.2f} / {b:.2f}" for name, (a, b) in row.overlaps.items())
    return (
        f"{pair.technique}: {pair.before} → {pair.after}",
        row.gpu,
        f"`{','.join(pair.fixes)}`{told}",
        time_text(found.recorded_ns),
        time_text(found.predicted_ns),
        time_text(row.measured_ns),
        f"{row.error:+.1%}",
        ", ".join(overlaps),
        "yes" if pair.held_out else "",
    )


def _summary(title: str, found: Sequence[Row]) -> str:
    if not found:
        return ""
    overlaps = [abs(a - b) for row in found for a, b in row.overlaps.values()]
    worst, pair = max(((abs(row.error), row.pair) for row in found), key=lambda one: one[0])
    beyond = [row for row in found if abs(row.error) > WORST_ERROR]
    middle = median(abs(row.error) for row in found)
    text = (
        f"{title} {len(found)}: median error {middle:.1%} (goal {MEDIAN_ERROR:.0%}: "
        f"{_kept(middle <= MEDIAN_ERROR)}), worst {worst:.1%} ({pair.technique}, {pair.after}; "
        f"goal {WORST_ERROR:.0%}: {_kept(not beyond)})"
    )
    if overlaps:
        apart = median(overlaps)
        text += (
            f"; overlap ratios {apart:.3f} apart in the median "
            f"(goal {OVERLAP_ERROR}: {_kept(apart <= OVERLAP_ERROR)})"
        )
    return f"{text}.\n"


def _kept(kept: bool) -> str:
    return "kept" if kept else "**missed**"


def replays(found: Sequence[Unchanged]) -> str:
    """The recordings whose replay is not exact, and how all do."""
    apart = [one for one in found if round(abs(one.makespan), 4) or round(one.starts, 4)]
    worst = max((abs(one.makespan) for one in found), default=0.0)
    starts = max((one.starts for one in found), default=0.0)
    text = (
        f"Of {len(found)} recordings {len(found) - len(apart)} come back with every start within "
        f"0.01 % of the makespan at the 95th percentile. Makespans: off by {worst:.2%} at most "
        f"(goal {REPLAY_ERROR:.0%}: {_kept(worst <= REPLAY_ERROR)}); starts at the 95th "
        f"percentile: by {starts:.2%} of the makespan at most "
        f"(goal {REPLAY_ERROR:.0%}: {_kept(starts <= REPLAY_ERROR)}).\n"
    )
    if not apart:
        return text
    headings = ("the others", "activities", "makespan", "starts at p95")
    cells = [
        (one.place, f"{one.activities:,}", f"{one.makespan:+.2%}", f"{one.starts:.2%}")
        for one in apart
    ]
    return f"{text}\n{table(headings, cells)}"


def page(text: str, samples: Path) -> str:
    """The page with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{predictions(list(rows(samples)))}\n## Nothing changed\n\n"
    return f"{before}{BEGIN}\n\n{made}{replays(list(unchanged(samples)))}\n{END}{after}"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables, or check them; 1 when they are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("samples", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    current = PAGE.read_text(encoding="utf-8")
    text = page(current, args.samples)
    if args.check:
        if text != current:
            print(f"{PAGE} is out of date: python tools/whatif_page.py", file=sys.stderr)
        return int(text != current)
    PAGE.write_text(text, encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
