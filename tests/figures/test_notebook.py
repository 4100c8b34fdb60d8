"""What a notebook shows of a trace."""

import subprocess
import sys
from pathlib import Path

import pytest

from timeline.trace import Meta, Trace

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"
PLOTLY, SVG, TEXT = "application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"


@pytest.fixture(scope="module")
def trace() -> Trace:
    return Trace.load(SAMPLE)


def test_a_trace_shows_itself_as_a_picture(trace: Trace) -> None:
    found = trace._repr_mimebundle_()
    assert found[SVG].startswith("<svg")
    assert "primary" in found[SVG]
    assert found[TEXT].startswith("<Trace pdl / pdl, cupti, ")
    pytest.importorskip("plotly")
    assert {"bar"} <= {each["type"] for each in found[PLOTLY]["data"]}


def test_only_what_is_asked_for_is_made(trace: Trace) -> None:
    assert trace._repr_mimebundle_(include=[TEXT, "text/latex"]).keys() == {TEXT}
    assert PLOTLY not in trace._repr_mimebundle_(exclude={PLOTLY})


def test_the_still_picture_needs_no_plotly() -> None:
    code = (
        "import sys; from timeline.trace import Trace\n"
        f"found = Trace.load({str(SAMPLE)!r})._repr_mimebundle_(exclude=[{PLOTLY!r}])\n"
        "sys.exit('plotly' in sys.modules or 'image/svg+xml' not in found)"
    )
    path = SAMPLE.parents[2]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=path).returncode == 0


def test_a_trace_without_activities_is_told_in_words() -> None:
    assert Trace.from_tables(Meta("cupti"), {})._repr_mimebundle_().keys() == {TEXT}
