"""``timeline run``: one technique, its variants side by side."""

from __future__ import annotations

import argparse

from timeline.cli.backend import add_arguments, open_chosen, run_options, suited
from timeline.cli.comparison import draw, measured, print_comparison
from timeline.cli.experiment import Experiment, add_output, choose, settings
from timeline.cli.manual import Manual
from timeline.cli.output import notice, print_json
from timeline.cli.progress import progress

__all__ = ["Run"]


class Run:
    """Runs variants of a technique, keeps their traces, and compares them."""

    name = "run"
    summary = "run a technique and compare its variants"
    manual = Manual(
        "Runs variants of one technique, checks their outputs against known answers, keeps a "
        "trace of each variant, and prints and draws how they compare.",
        (
            ("every variant, on the GPU or simulated", "timeline run three_way_overlap"),
            (
                "two variants, with other parameters, five repeats",
                "timeline run three_way_overlap --variant serial depth_first --set streams=2 "
                "chunks=16 --repeat 5 -o runs",
            ),
            (
                "simulated on a described device, as JSON",
                "timeline run pdl --backend sim --device h100 --json -o runs-h100",
            ),
        ),
        (
            "timeline techniques",
            "timeline report",
            "timeline gantt",
            "docs/simulator.md",
        ),
        (("1", "an output differs from its known answer"),),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("technique", metavar="TECHNIQUE", help="see: timeline techniques")
        parser.add_argument(
            "--variant",
            nargs="+",
            action="extend",
            metavar="NAME",
            help="variants to run (default: all)",
        )
        parser.add_argument(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="KEY=VALUE",
            help="parameters; see: timeline techniques TECHNIQUE",
        )
        add_output(parser, "traces go to DIR/TECHNIQUE/VARIANT")
        add_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Run the variants and print how they compare."""
        experiment = _experiment(args)
        experiment.check_output()
        backend = suited(args, open_chosen(args), experiment.technique, experiment.devices)
        with progress(len(experiment.variants)) as begin:
            outcomes = experiment.run(backend, run_options(args), begin)
        draw(experiment, outcomes)
        found = measured(experiment, outcomes)
        if args.json:
            print_json(found)
        else:
            print_comparison(found)
            notice(f"traces in {experiment.folders}, picture {experiment.picture}")
        return 0


def _experiment(args: argparse.Namespace) -> Experiment:
    from timeline.techniques import technique

    found = technique(args.technique)
    return Experiment(
        found,
        choose(found, args.variant or ["all"]),
        found.parse(settings(args.set)),
        args.out,
        args.overwrite,
    )
