"""The ``timeline`` command: one file a sub-command, nothing heavy imported before it is needed."""

from timeline.cli.entry import main

__all__ = ["main"]
