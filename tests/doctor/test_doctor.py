"""What is said of a machine is what is there, and what does not work is said to lack it."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import metadata

import pytest

from timeline.backends import why_not_cuda
from timeline.cli import main
from timeline.doctor import Check, State, abilities, checkup
from timeline.doctor.abilities import ABILITIES
from timeline.doctor.packages import Requirement, packages, requirement
from timeline.doctor.profilers import profilers

Versions = Callable[[dict[str, str]], None]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Versions:
    """Let only these packages be there."""

    def only(versions: dict[str, str]) -> None:
        def version(name: str) -> str:
            if name not in versions:
                raise metadata.PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr("importlib.metadata.version", version)
        lines = ["numpy>=1.26", 'cupy-cuda13x>=13.6; extra == "cuda13"']
        lines += ['cupy-cuda12x>=13.6; extra == "cuda12"', "streamlit[x]>=1.50; extra == 'app'"]
        monkeypatch.setattr("importlib.metadata.requires", lambda _: lines)

    return only


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("numpy>=1.26", Requirement("numpy", "", ">=1.26", (1, 26))),
        (
            'cuda-bindings<14,>=13; extra == "a"',
            Requirement("cuda-bindings", "a", "<14,>=13", (13,)),
        ),
        ("streamlit[performance]; extra == 'app'", Requirement("streamlit", "app", "", ())),
        ("x @ https://example.org/x.whl", None),
    ],
)
def test_requirements_are_read(text: str, expected: Requirement | None) -> None:
    assert requirement(text) == expected


def test_every_requirement_of_this_distribution_is_read() -> None:
    assert all(map(requirement, metadata.requires("cuda-timeline") or []))


def test_what_is_old_or_missing_comes_with_the_command(installed: Versions) -> None:
    installed({"numpy": "1.25.2", "cupy-cuda12x": "14.0rc1"})
    found = {check.name: check for check in packages()}
    assert found["recorder"].state is State.WRONG
    assert "numpy 1.25.2" in found["recorder"].found
    assert found["recorder"].remedy == "pip install --upgrade 'cuda-timeline'"
    assert found["extra app"] == Check(
        "extra app", State.MISSING, "without streamlit", "pip install 'cuda-timeline[app]'"
    )
    assert found["extra cuda12"].state is State.OK
    assert "extra cuda13" not in found  # one of the two is enough


def test_without_either_cuda_extra_both_are_offered(installed: Versions) -> None:
    installed({"numpy": "2.0"})
    names = {check.name for check in packages()}
    assert {"extra cuda12", "extra cuda13"} <= names


def test_a_checkout_that_is_not_installed_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = [check for check in packages() if check.name != "timeline"]

    def requires(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.requires", requires)
    found = [check for check in packages() if check.name != "timeline"]
    assert {check.name for check in installed} <= {check.name for check in found}
    assert {check.state for check in found if check.name == "recorder"} == {State.OK}


@pytest.mark.parametrize("variable", ["NSYS_PROFILING_SESSION_ID", "NVTX_INJECTION64_PATH"])
def test_another_profiler_is_named(variable: str) -> None:
    (quiet,) = profilers({"HOME": "/"})
    assert quiet.state is State.OK
    (found,) = profilers({variable: "/opt/nsys/libInjection64.so"})
    assert found.state is State.WRONG
    assert "Nsight Systems" in found.found or "libInjection64.so" in found.found
    assert not {a.name: a for a in abilities([found])}["record"].works


def test_an_ability_needs_all_its_checks_and_one_of_alternatives() -> None:
    good = [Check(n, State.OK, "") for n in ("recorder", "driver", "GPU", "extra cuda12")]
    by_name = {ability.name: ability for ability in abilities(good)}
    assert by_name["run"].works
    assert by_name["record"].lacks == ("CUPTI", "other profilers")
    assert not {a.name: a for a in abilities(good[:-1])}["run"].works


def test_what_stands_in_the_way_first_is_what_is_lacking() -> None:
    checks = [Check("recorder", State.OK, ""), Check("driver", State.MISSING, "none")]
    assert {a.name: a.lacks for a in abilities(checks)}["run"] == ("driver",)


def test_this_machine_is_told_truly() -> None:
    checks = {check.name: check for check in checkup()}
    if reason := why_not_cuda():
        broken = [c for n in ("driver", "GPU") if (c := checks.get(n)) and c.state is not State.OK]
        assert broken, reason
        assert all(check.remedy for check in broken if check.state is State.MISSING)
    else:
        assert checks["GPU"].state is State.OK
    assert {"python", "timeline", "recorder"} <= checks.keys()


def test_the_command_prints_and_fails_only_for_what_is_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = (
        Check("recorder", State.OK, "numpy"),
        Check("driver", State.MISSING, "none", "buy one"),
    )
    monkeypatch.setattr("timeline.doctor.checkup", lambda: checks)
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {a["name"] for a in told["abilities"] if a["works"]} == {"simulate"}
    assert len(told["abilities"]) == len(ABILITIES)
    assert main(["doctor", "--need", "simulate"]) == 0
    assert main(["doctor", "--need", "simulate,record"]) == 3
    assert "-> buy one" in capsys.readouterr().out
    assert main(["doctor", "--need", "recrod"]) == 2
    assert "did you mean 'record'?" in capsys.readouterr().err
