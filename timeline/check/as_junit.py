"""A check as JUnit's XML, which most CI systems read: a suite a trace, a case a figure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from timeline.check.checked import Checked
from timeline.check.verdicts import Outcome, Verdict
from timeline.check.words import reason, what

__all__ = ["as_junit"]


def as_junit(found: Sequence[Checked], pictures: Mapping[str, Path]) -> str:
    """The document."""
    root = ET.Element("testsuites", name="timeline check")
    for one in found:
        tests, failures = str(len(one.verdicts)), str(len(one.failed))
        suite = ET.SubElement(
            root, "testsuite", name=_text(one.name), tests=tests, failures=failures, errors="0"
        )
        for verdict in one.verdicts:
            _case(suite, one.name, verdict)
        if one.name in pictures:
            ET.SubElement(suite, "system-out").text = _text(f"timelines: {pictures[one.name]}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _case(suite: ET.Element, name: str, verdict: Verdict) -> None:
    case = ET.SubElement(suite, "testcase", classname=_text(name), name=_text(what(verdict)))
    if verdict.outcome is Outcome.FAILED:
        message = _text(reason(verdict))
        ET.SubElement(case, "failure", message=message, type=_text(verdict.threshold.text))


def _text(text: str) -> str:
    """Without the control characters that XML can't hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
