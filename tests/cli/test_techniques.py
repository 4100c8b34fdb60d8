"""``timeline techniques``."""

import json

import pytest

from timeline.cli import main
from timeline.techniques import NAMES, technique

Captured = pytest.CaptureFixture[str]


def test_the_table_lists_all(capsys: Captured) -> None:
    assert main(["techniques"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n{name} " in out for name in NAMES)


def test_json_tells_variants_and_parameters(capsys: Captured) -> None:
    assert main(["techniques", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [t["id"] for t in found] == list(NAMES)
    for entry in found:
        known = technique(entry["id"])
        assert [v["name"] for v in entry["variants"]] == [v.name for v in known.variants]
        assert {p["name"]: p["default"] for p in entry["parameters"]} == {
            p.name: p.default for p in known.parameters
        }


@pytest.mark.parametrize("name", NAMES)
def test_one_in_full(name: str, capsys: Captured) -> None:
    assert main(["techniques", name]) == 0
    out = capsys.readouterr().out
    known = technique(name)
    assert known.title in out
    assert all(v.name in out for v in known.variants)
    assert all(p.name in out for p in known.parameters)


def test_an_unknown_one_is_answered_with_the_nearest(capsys: Captured) -> None:
    assert main(["techniques", "event_wiat"]) == 2
    assert "did you mean 'event_wait'?" in capsys.readouterr().err
