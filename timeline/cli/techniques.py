"""``timeline techniques``: what there is to run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from timeline.cli.manual import Manual
from timeline.cli.output import console, print_json, print_table

if TYPE_CHECKING:
    from timeline.techniques import Parameter, Technique

__all__ = ["Techniques"]


class Techniques:
    """Lists the techniques, or one with its variants and parameters."""

    name = "techniques"
    summary = "list the techniques, or one in full"
    manual = Manual(
        "Lists the techniques of inter-kernel pipelining, or tells all about one: what its "
        "timeline must show, its variants and what each changes, its parameters and their limits.",
        (
            ("all of them", "timeline techniques"),
            ("one, with its variants and parameters", "timeline techniques three_way_overlap"),
            ("for a program", "timeline techniques pdl --json"),
        ),
        (
            "timeline run",
            "docs/techniques/",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("technique", nargs="?", help="show this one in full")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, args: argparse.Namespace) -> int:
        """Print the table."""
        from timeline.techniques import NAMES, technique

        found = [technique(name) for name in ([args.technique] if args.technique else NAMES)]
        if args.json:
            print_json([_as_json(t) for t in found])
        elif args.technique:
            _print_one(found[0])
        else:
            _print_all(found)
        return 0


def _as_json(technique: Technique) -> dict[str, Any]:
    import dataclasses

    fields = dataclasses.fields(technique)
    plain = {f.name: getattr(technique, f.name) for f in fields if f.name != "builder"}
    plain["live"] = technique.live and dataclasses.asdict(technique.live)
    plain["variants"] = [dataclasses.asdict(v) for v in technique.variants]
    plain["parameters"] = [dataclasses.asdict(p) for p in technique.parameters]
    return plain


def _print_all(techniques: list[Technique]) -> None:
    print_table(
        ("technique", "figure", "variants", "what the timeline must show"),
        [(t.id, t.figure, ", ".join(v.name for v in t.variants), t.shows) for t in techniques],
    )


def _print_one(technique: Technique) -> None:
    figure = f", figure {technique.figure}" if technique.figure else ""
    out = console()
    out.print(f"{technique.title} ({technique.section}{figure})", style="bold")
    out.print(f"{technique.summary}\n\nMust show: {technique.shows}\nBound: {technique.bound}\n")
    print_table(("variant", "changes"), [(v.name, v.changes) for v in technique.variants])
    print()
    print_table(
        ("parameter", "default", "limits", "meaning"),
        [(p.name, str(p.default), _limits(p), p.doc) for p in technique.parameters],
    )


def _limits(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(parameter.choices)
    low, high = parameter.minimum, parameter.maximum
    if low is None and high is None:
        return ""
    return f"{'' if low is None else f'{low:g}'}..{'' if high is None else f'{high:g}'}"
