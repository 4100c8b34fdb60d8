"""``timeline demo``: every technique at once."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from timeline.cli.backend import add_arguments, open_chosen, run_options, suited
from timeline.cli.comparison import draw, measured, print_comparison
from timeline.cli.experiment import Experiment, add_output
from timeline.cli.manual import Manual
from timeline.cli.output import console, notice, print_json
from timeline.cli.progress import progress

__all__ = ["Demo"]


class Demo:
    """Runs all variants of all techniques, and draws each technique."""

    name = "demo"
    summary = "run and draw every technique"
    manual = Manual(
        "Runs all variants of all techniques, on the GPU or simulated where there is none, and "
        "keeps their traces and a picture of each technique in one folder.",
        (
            ("everything, on the GPU or simulated", "timeline demo"),
            (
                "simulated on an H100, five repeats of each variant",
                "timeline demo --backend sim --device h100 --repeat 5 -o demo-h100",
            ),
        ),
        (
            "timeline run",
            "timeline techniques",
            "timeline app",
        ),
        (("1", "an output differs from its known answer"),),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        add_output(parser, "folder of the traces and pictures")
        add_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Run everything; a technique's table appears when its variants are done."""
        experiments = list(_experiments(args))
        for experiment in experiments:
            experiment.check_output()
        backend, options = open_chosen(args), run_options(args)
        results = []
        with progress(sum(len(e.variants) for e in experiments)) as begin:
            for experiment in experiments:
                chosen = suited(args, backend, experiment.technique, experiment.devices)
                outcomes = experiment.run(chosen, options, begin)
                draw(experiment, outcomes)
                results.append(measured(experiment, outcomes))
                if not args.json:
                    console().print(f"\n{experiment.technique.title}", style="bold")
                    print_comparison(results[-1])
        if args.json:
            print_json(results)
        notice(f"pictures in {args.out}; open the traces with: timeline app {args.out}")
        return 0


def _experiments(args: argparse.Namespace) -> Iterator[Experiment]:
    from timeline.techniques import NAMES, technique

    for found in map(technique, NAMES):
        yield Experiment(found, found.variants, {}, args.out, args.overwrite)
