"""``timeline doctor``: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from timeline.cli.manual import Manual
from timeline.cli.output import console, print_json, print_table
from timeline.errors import UnavailableError, unknown

if TYPE_CHECKING:
    from timeline.doctor import Ability, Check

__all__ = ["Doctor"]


class Doctor:
    """Looks at packages, GPU, CUPTI and other profilers."""

    name = "doctor"
    summary = "say what works on this machine, and how to get the rest"
    manual = Manual(
        "Looks at Python, the packages of each extra, the driver, the GPUs, CUPTI and other "
        "profilers, says what works here, and gives one command for each thing that is amiss.",
        (
            ("everything", "timeline doctor"),
            ("fail a script early where something is missing", "timeline doctor --need simulate"),
            ("for a bug report", "timeline doctor --json"),
        ),
        (
            "timeline record",
            "timeline run",
        ),
        (("3", "something that --need names does not work"),),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "--need",
            default="",
            metavar="NAMES",
            help="exit with 3 unless these work, such as record,app",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, args: argparse.Namespace) -> int:
        """Print the checks and what they mean; 3 when something needed does not work."""
        from timeline.doctor import abilities, checkup
        from timeline.doctor.abilities import ABILITIES

        needed = [name.strip() for name in args.need.split(",") if name.strip()]
        for name in needed:
            if name not in ABILITIES:
                raise unknown("ability", name, ABILITIES)
        checks = checkup()
        found = abilities(checks)
        if args.json:
            print_json(
                {"checks": [c.to_json() for c in checks], "abilities": [asdict(a) for a in found]}
            )
        else:
            _print(checks, found)
        failing = [
            ability.name for ability in found if ability.name in needed and not ability.works
        ]
        return UnavailableError.exit_code if failing else 0


def _print(checks: Sequence[Check], found: Sequence[Ability]) -> None:
    out = console()
    width = max(len(check.name) for check in checks)
    for check in checks:
        out.print(f"{check.state.value:<8}", f"{check.name:<{width}}", f" {check.found}")
        if check.remedy:
            out.print(" " * (width + 9), f"-> {check.remedy}")
    print()
    told = [
        (ability.name, "yes" if ability.works else "no", ability.does, ", ".join(ability.lacks))
        for ability in found
    ]
    print_table(("", "works", "", "for want of"), told)
