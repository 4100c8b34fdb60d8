"""The variants of a technique side by side: as a table, as JSON, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from timeline.cli.gantt import source_text
from timeline.cli.output import console
from timeline.cli.place import write_text

if TYPE_CHECKING:
    from timeline.cli.experiment import Experiment, Outcome

__all__ = ["draw", "measured", "print_comparison"]


def measured(experiment: Experiment, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What was run, and the report of each variant, as JSON.

    ``trace`` is where the trace is.
    """
    from timeline.report import report

    return {
        "technique": experiment.technique.id,
        "parameters": dict(experiment.parameters),
        "picture": str(experiment.picture),
        "variants": [
            {
                "variant": outcome.variant.name,
                "changes": outcome.variant.changes,
                **report(outcome.trace).to_json(),
                "trace": str(outcome.folder),
            }
            for outcome in outcomes
        ],
    }


def print_comparison(found: dict[str, Any]) -> None:
    """Print where the figures come from, and a row for each variant of :func:`measured`."""
    from timeline.report import Comparison

    console().print(_origin(found["variants"]))
    Comparison(tuple(found["variants"])).print(console())


def _origin(variants: Sequence[dict[str, Any]]) -> str:
    """What made the times, on which devices, and that the outputs were right."""
    first = variants[0]
    devices = ", ".join(dict.fromkeys(device["name"] for device in first["devices"]))
    checked = sum(variant["verified"] for variant in variants)
    made = "simulated, not measured" if first["source"] == "sim" else f"by {first['source']}"
    return f"{made}, on {devices}; {checked} outputs checked against known answers"


def draw(experiment: Experiment, outcomes: Sequence[Outcome]) -> None:
    """Put the picture of all variants, on one time axis, beside their traces."""
    from timeline.figures.svg import gantt_svg

    picture = gantt_svg(
        {outcome.variant.name: outcome.trace for outcome in outcomes},
        title=experiment.technique.title,
        subtitle=source_text(outcomes[0].trace),
    )
    write_text(experiment.picture, picture)
