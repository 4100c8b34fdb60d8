"""A check as JUnit's XML, which most CI systems read: a suite a trace, a case a figure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from timeline.check.checked import Checked
from timeline.check.verdicts import Outcome, Verdict
from timeline.check.words import reason, what
from timeline.text import printable

__all__ = ["as_junit"]


def as_junit(found: Sequence[Checked], pictures: Mapping[str, Path]) -> str:
    """The document."""
    root = ET.Element("testsuites", name="timeline check")
    for one in found:
        tests, failures = str(len(one.verdicts)), str(len(one.failed))
        suite = ET.SubElement(
            root, "testsuite", name=printable(one.name), tests=tests, failures=failures, errors="0"
        )
        for verdict in one.verdicts:
            _case(suite, one.name, verdict)
        if one.name in pictures:
            ET.SubElement(suite, "system-out").text = printable(f"timelines: {pictures[one.name]}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _case(suite: ET.Element, name: str, verdict: Verdict) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=printable(name), name=printable(what(verdict))
    )
    if verdict.outcome is Outcome.FAILED:
        message = printable(reason(verdict))
        ET.SubElement(case, "failure", message=message, type=printable(verdict.threshold.text))
