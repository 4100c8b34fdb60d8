"""Traces of others: one package a foreign format, and the ground that they share."""

from timeline.formats.format import Format, Writer
from timeline.formats.intake import Intake
from timeline.formats.opening import is_foreign, open_trace, read_foreign
from timeline.formats.options import ImportOptions, Limits, Progress
from timeline.formats.registry import by_name, by_suffix, detect, writer

__all__ = [
    "Format",
    "ImportOptions",
    "Intake",
    "Limits",
    "Progress",
    "Writer",
    "by_name",
    "by_suffix",
    "detect",
    "is_foreign",
    "open_trace",
    "read_foreign",
    "writer",
]
