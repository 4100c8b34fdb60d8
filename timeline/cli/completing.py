"""The words that a shell may complete, asked for by what ``timeline completion`` prints."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping

from timeline.errors import UsageError

__all__ = ["ASKED", "WORDS", "complete"]

ASKED = "_ARGCOMPLETE"
"""The environment variable by which a shell asks for words instead of running the command."""

Words = Callable[[str, argparse.Namespace], Iterable[str]]
"""What may stand here: of what was typed of this word, and of the arguments before it."""


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that asks, and end the process; nothing without argcomplete."""
    try:
        import argcomplete
    except ModuleNotFoundError:
        return
    for command, action in _actions(parser):
        words = WORDS.get((command, action.dest)) or WORDS.get(("", action.dest))
        if words is not None:
            action.completer = _completer(words)  # type: ignore[attr-defined]
        elif action.option_strings and action.type is None and not action.choices:
            action.completer = _completer(_nothing)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _actions(parser: argparse.ArgumentParser) -> Iterable[tuple[str, argparse.Action]]:
    """Each action of each command, with the command's name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from ((name, each) for each in inner._actions)


def _completer(words: Words) -> Callable[..., Iterable[str]]:
    """The same, as argcomplete calls it."""

    def completer(prefix: str, parsed_args: argparse.Namespace, **_: object) -> Iterable[str]:
        try:
            return list(words(prefix, parsed_args))
        except UsageError:  # of a technique that does not exist
            return ()

    return completer


def _nothing(typed: str, args: argparse.Namespace) -> Iterable[str]:
    """For free text; without it argcomplete offers files."""
    return ()


def _techniques(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.techniques import NAMES

    return NAMES


def _variants(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.techniques import technique

    return ("all", *(variant.name for variant in technique(args.technique).variants))


def _parameters(typed: str, args: argparse.Namespace) -> Iterable[str]:
    """``KEY=``, then ``KEY=VALUE`` where the values can be counted."""
    from timeline.techniques import technique

    name, equals, _ = typed.partition("=")
    for parameter in technique(args.technique).parameters:
        if not equals:
            yield f"{parameter.name}="
        elif parameter.name == name:
            yield from (f"{name}={value}" for value in parameter.choices or (parameter.default,))


def _devices(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.backends.sim.devices import devices

    return devices()


def _fixes(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.whatif import FIXES

    return _listed(typed, FIXES)


def _values_of_fixes(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.whatif import FIXES

    return (f"{fix.name}=" for fix in FIXES.values() if fix.parameters)


def _formats(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.formats.registry import NAMES, WRITTEN, writer

    return (name for name in NAMES + WRITTEN if writer(name).suffixes)


def _codes(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.findings import DETECTORS

    return (detector.code for detector in DETECTORS)


def _abilities(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.doctor.abilities import ABILITIES

    return _listed(typed, ABILITIES)


def _measures(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.check.measures import MEASURES

    return (f"{name}: " for name in MEASURES)


def _claims(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.claims import CLAIMS

    return (str(claim.number) for claim in CLAIMS)


def _topics(typed: str, args: argparse.Namespace) -> Iterable[str]:
    from timeline.cli.entry import COMMANDS
    from timeline.cli.topics import TOPICS

    return (*(command.name for command in COMMANDS), *TOPICS)


def _listed(typed: str, names: Iterable[str]) -> Iterable[str]:
    """Words of a list with commas: those before the last comma stay, and are not offered again."""
    before, comma, _ = typed.rpartition(",")
    there = before.split(",")
    return (f"{before}{comma}{name}" for name in names if name not in there)


WORDS: Mapping[tuple[str, str], Words] = {
    ("", "technique"): _techniques,
    ("", "variant"): _variants,
    ("run", "set"): _parameters,
    ("run", "device"): _devices,
    ("demo", "device"): _devices,
    ("calibrate", "base"): _devices,
    ("whatif", "apply"): _fixes,
    ("whatif", "set"): _values_of_fixes,
    ("export", "format"): _formats,
    ("findings", "code"): _codes,
    ("doctor", "need"): _abilities,
    ("baseline", "thresholds"): _measures,
    ("check", "thresholds"): _measures,
    ("claims", "numbers"): _claims,
    ("help", "topic"): _topics,
}
"""By command, or for every command, and the argument's name in the parsed arguments."""
