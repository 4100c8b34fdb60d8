"""Settings in TOML."""

from pathlib import Path

import pytest

from timeline.check import Rules, project_file, read_rules
from timeline.check.figures import Name
from timeline.check.scopes import WHOLE, Scope
from timeline.errors import UsageError

SETTINGS = """
[tool.timeline.check]
baseline = "perf/overlap.json"
thresholds = ["makespan: +3%", "dropped == 0"]
ranges = ["forward"]

[tool.timeline.check.range."step *"]
thresholds = ["makespan: +10%"]

[tool.timeline.check.window."0ms:2ms"]
thresholds = ["busy_ratio[SM] >= 0.5"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "pyproject.toml"
    path.write_text(SETTINGS)
    return path


def effective(rules: Rules, scope: Scope, name: Name) -> str:
    """The threshold that counts for a figure."""
    return [t.text for t in rules.of(scope) if t.covers(name, 0)][-1]


def test_settings_of_a_project(project: Path) -> None:
    rules = read_rules(project)
    assert rules.baseline == project.parent / "perf" / "overlap.json"
    assert rules.ranges == ("forward", "step *")
    assert rules.windows == ("0ms:2ms",)
    makespan = Name("makespan")
    assert effective(rules, WHOLE, makespan) == "makespan: +3%"
    assert effective(rules, Scope("range", "forward"), makespan) == "makespan: +3%"
    assert effective(rules, Scope("range", "step 7"), makespan) == "makespan: +10%"
    busy = Name("busy_ratio", "SM")
    assert effective(rules, Scope("window", "0ms:2ms"), busy) == "busy_ratio[SM] >= 0.5"
    assert effective(rules, WHOLE, Name("busy", "SM")) == "busy: +3%"


def test_defaults_can_be_switched_off() -> None:
    rules = Rules(defaults=False).with_more(["makespan: +1%"])
    assert [t.text for t in rules.of(WHOLE)] == ["makespan: +1%"]


def test_more_comes_last(project: Path) -> None:
    rules = read_rules(project).with_more(["makespan: +1%"], ["forward", "backward"])
    assert effective(rules, WHOLE, Name("makespan")) == "makespan: +1%"
    assert set(rules.ranges) == {"forward", "backward", "step *"}


def test_the_nearest_project_with_settings_is_found(project: Path) -> None:
    inner = project.parent / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert project_file(inner) == project
    assert read_rules(project).asks_for(Scope("range", "step 1"))
    assert not read_rules(project).asks_for(Scope("range", "loss"))


def test_a_file_may_hold_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "overlap.toml"
    path.write_text('thresholds = ["makespan: +1%"]\ndefaults = false\n')
    assert [t.text for t in read_rules(path).of(WHOLE)] == ["makespan: +1%"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("thresholds = [", "end of document"),
        ('threshold = ["makespan: +1%"]', "did you mean 'thresholds'"),
        ('thresholds = "makespan: +1%"', "thresholds must be a list of texts"),
        ("thresholds = [3]", "thresholds must be a list of texts"),
        ('thresholds = ["makespan: +1"]', "character 13"),
        ("defaults = 1", "defaults must be true or false"),
        ("baseline = 1", "baseline must be the path"),
        ("range = 1", "a table for each name"),
        ("[range.step]\nthreshold = []", "setting of range 'step'"),
        ('[window."1"]\nthresholds = ["x: +1%"]', "no measure named 'x'"),
        ("[tool.timeline]\ncheck = 1", "tool.timeline.check must be a table"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "overlap.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as raised:
        read_rules(path)
    assert str(path) in str(raised.value)
    assert words in str(raised.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_rules(tmp_path / "none.toml")
