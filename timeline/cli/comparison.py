"""The variants of a technique side by side: as a table, as JSON, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from timeline.cli.output import print_table
from timeline.cli.place import write_text

if TYPE_CHECKING:
    from timeline.cli.experiment import Experiment, Outcome

__all__ = ["as_json", "draw", "print_comparison"]

HEADINGS = (
    "variant",
    "changes",
    "makespan",
    "speed-up",
    "bound",
    "efficiency",
    "overlap eff.",
    "hidden copies",
    "exposed copies",
)
FIRST_NUMBER = 2


def as_json(experiment: Experiment, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What was run, and the report of each variant."""
    return {
        "technique": experiment.technique.id,
        "parameters": dict(experiment.parameters),
        "picture": str(experiment.picture),
        "variants": [
            {"variant": o.variant.name, "changes": o.variant.changes, **_report(o)}
            for o in outcomes
        ],
    }


def print_comparison(outcomes: Sequence[Outcome], title: str | None = None) -> None:
    """Print a row for each variant; the speed-up is against the first."""
    from timeline.cli.values import longest_device

    measured = [longest_device(_report(outcome)) for outcome in outcomes]
    first_ns = measured[0]["makespan_ns"]
    rows = [_row(o, m, first_ns) for o, m in zip(outcomes, measured, strict=True)]
    print_table(HEADINGS, rows, numbers_from=FIRST_NUMBER, title=title)


def draw(experiment: Experiment, outcomes: Sequence[Outcome]) -> None:
    """Put the picture of all variants, on one time axis, beside their traces."""
    from timeline.figures.svg import gantt_svg

    picture = gantt_svg(
        {outcome.variant.name: outcome.trace for outcome in outcomes},
        title=experiment.technique.title,
        subtitle=_source(outcomes[0]),
    )
    write_text(experiment.picture, picture)


def _source(outcome: Outcome) -> str:
    meta = outcome.trace.meta
    names = ", ".join(sorted({device.name for device in meta.devices}))
    return f"simulated {names}" if meta.source == "sim" else f"{names}, measured by {meta.source}"


def _report(outcome: Outcome) -> dict[str, Any]:
    from timeline.report import report

    found: dict[str, Any] = report(outcome.trace).to_json()
    return {**found, "trace": str(outcome.folder)}


def _row(outcome: Outcome, device: dict[str, Any], first_ns: int) -> tuple[str, ...]:
    from timeline.cli.values import ratio_text, speedup_text, time_text

    return (
        outcome.variant.name,
        outcome.variant.changes,
        time_text(device["makespan_ns"]),
        speedup_text(first_ns, device["makespan_ns"]),
        time_text(device["bound_ns"]),
        ratio_text(device["pipeline_efficiency"]),
        ratio_text(device["overlap_efficiency"]),
        ratio_text(device["hidden_copy_ratio"]),
        time_text(device["exposed_copy_ns"]),
    )
