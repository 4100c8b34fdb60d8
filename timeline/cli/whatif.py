"""``timeline whatif``: what a fix would give, from the recording without it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timeline.cli.foreign import TRACE_HELP, open_any
from timeline.cli.manual import Manual
from timeline.cli.output import notice, print_json, print_table, say
from timeline.cli.place import check_trace
from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.whatif import Prediction

__all__ = ["WhatIf"]


class WhatIf:
    """Replays a trace with fixes applied, or ranks the fixes."""

    name = "whatif"
    summary = "predict what fixes would give, from the recording without them"
    manual = Manual(
        "Replays a recording from its causes with fixes applied, and says what bounds it then and "
        "what was assumed. Without --apply it tries every single fix and ranks them by what they "
        "would gain.",
        (
            ("every fix, by what it would gain", "timeline whatif train.trace"),
            ("the fixes there are", "timeline whatif --list"),
            (
                "two fixes together, and the trace they would give",
                "timeline whatif train.trace --apply pin_copies,split_streams:2 -o predicted.trace",
            ),
            ("kernels of a name twice as fast", "timeline whatif train.trace --apply 'faster:*:2'"),
        ),
        (
            "timeline findings",
            "timeline gantt",
            "docs/whatif.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("trace", type=Path, nargs="?", metavar="TRACE", help=TRACE_HELP)
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--apply",
            metavar="FIX,FIX",
            help="apply these together, in this order, such as pin_copies,faster:gemm*:2",
        )
        what.add_argument("--all", action="store_true", help="rank single fixes (the default)")
        what.add_argument("--list", action="store_true", help="list the fixes")
        parser.add_argument(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="FIX=VALUE",
            help="values of a fix that --apply names, such as split_streams=3",
        )
        parser.add_argument("--repeat", type=int, help="default: that of median makespan")
        parser.add_argument("--device", type=int, help="default: all of a process together")
        parser.add_argument(
            "--kernels",
            choices=("auto", "free", "shared"),
            default="auto",
            help="whether kernels side by side keep their pace or share the SMs that they are on; "
            "auto: as the recording shows, and shared where it doesn't",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "-o", "--out", type=Path, metavar="DIR", help="write the predicted trace of --apply"
        )
        parser.add_argument("--overwrite", action="store_true", help="replace an existing trace")

    def run(self, args: argparse.Namespace) -> int:
        """Predict, and print before and after."""
        if args.list:
            return _list()
        if args.trace is None:
            raise UsageError("whatif needs a trace; see: timeline whatif --help")
        return _apply(args) if args.apply else _rank(args)


def _list() -> int:
    from timeline.whatif import FIXES

    rows = [
        (
            ":".join((fix.name, *(_value(p.name, p.default) for p in fix.parameters))),
            fix.description,
        )
        for fix in FIXES.values()
    ]
    print_table(("fix", "what it does"), rows)
    return 0


def _value(name: str, default: str) -> str:
    return default or name.upper()


def _apply(args: argparse.Namespace) -> int:
    from timeline.whatif import predict

    if args.out:
        check_trace(args.out, overwrite=args.overwrite)
    fixes = _with_values(args.apply.split(","), _values(args.set))
    trace = open_any(args.trace)
    found = predict(trace, fixes, **_choice(args))
    if args.out:
        found.trace.save(args.out, overwrite=args.overwrite)
    if args.json:
        print_json({**found.to_json(), "trace": str(args.trace)})
        return 0
    _print(found)
    if args.out:
        notice(f"predicted trace in {args.out}")
    return 0


def _rank(args: argparse.Namespace) -> int:
    from timeline.whatif import rank

    if args.out or args.set:
        raise UsageError("-o and --set go with --apply")
    found = rank(open_any(args.trace), **_choice(args))
    if args.json:
        print_json({"trace": str(args.trace), "fixes": [one.to_json() for one in found]})
        return 0
    if not found:
        say("No fix changes anything in this trace.")
        return 0
    _print_ranking(found)
    return 0


def _choice(args: argparse.Namespace) -> dict[str, Any]:
    free = {"auto": None, "free": True, "shared": False}[args.kernels]
    return {"repeat": args.repeat, "device": args.device, "free": free}


def _values(texts: Sequence[str]) -> Mapping[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise UsageError(f"--set {text}: expected FIX=VALUE, such as split_streams=3")
        found[name] = value
    return found


def _with_values(fixes: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The fixes, each with the values set for it."""
    for name in values:
        if name not in fixes:
            raise UsageError(f"--set {name}={values[name]}: --apply does not name {name} alone")
    return [f"{fix}:{values[fix]}" if fix in values else fix for fix in fixes]


def _print(found: Prediction) -> None:
    from timeline.report.units import time_text

    idle = [fix for fix in found.fixes if fix not in found.applied]
    rows = [
        ("recorded", time_text(found.recorded_ns), ""),
        ("replayed, nothing changed", time_text(found.replayed_ns), ""),
        (
            f"predicted with {', '.join(found.applied) or 'nothing to change'}",
            time_text(found.predicted_ns),
            _times(found),
        ),
        ("no schedule of that is below", time_text(found.bound_ns), ""),
    ]
    if found.otherwise_ns:
        rows.insert(
            3, ("… if kernels side by side keep their pace", time_text(found.otherwise_ns), "")
        )
    print_table(("makespan", "", ""), rows, numbers_from=1)
    say(f"\nThen bounded by {found.bounded_by}.")
    for fix in idle:
        say(f"{fix} has nothing to change here.")
    _print_notes("Assumed", found.assumed)
    _print_notes("Not known", found.unknown)


def _times(found: Prediction) -> str:
    return f"{found.factor:.2f}×" if found.applied and found.factor else ""


def _print_notes(title: str, notes: Sequence[str]) -> None:
    if notes:
        say(f"\n{title}:")
    for note in notes:
        say(f"- {note}")


def _print_ranking(found: Sequence[Prediction]) -> None:
    from timeline.report.units import time_text

    rows = [
        (
            one.fixes[0],
            time_text(one.replayed_ns),
            time_text(one.predicted_ns),
            time_text(one.gain_ns),
            _times(one),
            time_text(one.otherwise_ns),
            one.bounded_by,
        )
        for one in found
    ]
    headings = ("fix", "now", "predicted", "gain", "faster", "with free kernels", "then bounded by")
    print_table(headings, rows)
    _print_notes("Not known", found[0].unknown)
    say("\nWhat each assumes: timeline whatif TRACE --apply FIX")
