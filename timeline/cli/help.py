"""``timeline help``: the help of a command, or of something that several commands share."""

from __future__ import annotations

import argparse

from timeline.cli.manual import Manual
from timeline.cli.topics import TOPICS
from timeline.errors import unknown

__all__ = ["Help"]


class Help:
    """Prints the help of a command or a topic."""

    name = "help"
    summary = "tell about a command or a topic"
    manual = Manual(
        "Prints the help of a command, as COMMAND --help does, or tells about a topic that "
        "concerns several commands. Without either it lists both.",
        (
            ("a command", "timeline help record"),
            ("how spans of time are written", "timeline help windows"),
            ("all commands and topics", "timeline help"),
        ),
        ("timeline --help", "docs/"),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "topic", nargs="?", metavar="TOPIC", help=f"a command, or {', '.join(TOPICS)}"
        )

    def run(self, args: argparse.Namespace) -> int:
        """Print it."""
        from timeline.cli.entry import COMMANDS, main

        commands = [command.name for command in COMMANDS]
        if args.topic is None:
            return main(["--help"])
        if args.topic in commands:
            return main([args.topic, "--help"])
        if args.topic not in TOPICS:
            raise unknown("command or topic", args.topic, [*commands, *TOPICS])
        print(TOPICS[args.topic])
        return 0
