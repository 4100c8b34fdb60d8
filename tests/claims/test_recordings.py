"""Where the ledger looks, and how it is written down."""

import json
from pathlib import Path

import pytest

from timeline.claims import CLAIMS, Recordings, Verdict, ledger
from timeline.claims.as_json import as_json
from timeline.claims.markdown import markdown
from timeline.errors import TimelineError
from timeline.samples import origin_of
from timeline.trace import Device, Meta, Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_a_folder_of_samples() -> None:
    found = Recordings.at(SAMPLES)
    assert list(found.probes) == [f"calibration/{gpu}_semantics.json" for gpu in ("h100", "h200")]
    assert set(found.of("pdl")) == {"pdl", "stream_order"}
    assert found.of("pdl")["pdl"] is found.of("pdl")["pdl"]
    assert not found.of("no_such_technique")


def test_places_that_hold_no_samples(tmp_path: Path) -> None:
    with pytest.raises(TimelineError, match="no such folder"):
        Recordings.at(tmp_path / "nothing")
    calibration = tmp_path / "calibration"
    calibration.mkdir()
    for text, words in (("{", "can't be read"), ("[]", "not a JSON object")):
        (calibration / "x_semantics.json").write_text(text)
        with pytest.raises(TimelineError, match=words):
            Recordings.at(tmp_path)


def test_several_devices_of_one_name_are_counted() -> None:
    devices = (Device(0, "NVIDIA H100"), Device(1, "NVIDIA H100"))
    known = {"date": "2026-11-25T10:00:00+00:00", "cuda_driver": "13.0", "driver": "580.1"}
    trace = Trace.from_tables(Meta("cupti", devices=devices, provenance=known), {})
    assert str(origin_of(trace)) == "2 × NVIDIA H100, driver 580.1, CUDA 13.0, 2026-11-25"


def test_json_and_page_have_every_claim() -> None:
    entries = list(ledger(CLAIMS, Recordings.at(SAMPLES)))
    rows = json.loads(json.dumps([as_json(entry) for entry in entries], allow_nan=False))
    assert [row["number"] for row in rows] == list(range(1, 23))
    page = markdown(entries)
    for entry, row in zip(entries, rows, strict=True):
        assert row["verdict"] == entry.verdict.value
        assert f"### {entry.claim.number}. {entry.claim.title}\n" in page
        assert all(sentence in page for sentence in row["conditions"])
        assert all(figure["samples"] for figure in row["measured"])
        decided = [f for f in row["measured"] if f["part"] == "decides"]
        assert bool(decided) == (entry.verdict is not Verdict.UNKNOWN)


def test_a_page_without_recordings_says_so() -> None:
    entries = list(ledger(CLAIMS, Recordings({})))
    page = markdown(entries)
    assert "22 claims; not measured yet: 22." in page
    assert "Not recorded yet: `pdl`, dependent launch" in page
