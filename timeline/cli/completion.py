"""``timeline completion``: what makes a shell complete the words of this command."""

from __future__ import annotations

import argparse

from timeline.cli.manual import Manual
from timeline.errors import MissingExtraError

__all__ = ["Completion"]

SHELLS = ("bash", "zsh", "fish")


class Completion:
    """Prints the script that a shell reads at its start."""

    name = "completion"
    summary = "print what makes a shell complete commands, techniques, variants and fixes"
    manual = Manual(
        "Prints a script that makes a shell complete commands, options, techniques, variants, "
        "parameters, fixes, formats and findings. Needs the extra completion. In zsh, compinit "
        "must have run before.",
        (
            ("bash: put this line into ~/.bashrc", 'eval "$(timeline completion bash)"'),
            ("zsh: put this line into ~/.zshrc", 'eval "$(timeline completion zsh)"'),
            ("fish: once", "timeline completion fish > timeline.fish"),
        ),
        ("timeline --help",),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))

    def run(self, args: argparse.Namespace) -> int:
        """Print it."""
        try:
            import argcomplete
        except ModuleNotFoundError as error:
            raise MissingExtraError("argcomplete", "completion") from error
        print(argcomplete.shellcode(["timeline"], shell=args.shell))
        return 0
