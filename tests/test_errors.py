"""The error tree: what a caller can catch, and what the command line returns."""

from __future__ import annotations

import inspect

import pytest

from timeline import errors
from timeline.errors import MissingExtraError, TimelineError, unknown

EXIT_CODES = {
    "TimelineError": 2,
    "UsageError": 2,
    "ProgramError": 2,
    "DataRaceError": 2,
    "TraceError": 2,
    "OutputError": 2,
    "VerificationError": 1,
    "UnavailableError": 3,
    "NoGpuError": 3,
    "MissingExtraError": 3,
    "CuptiError": 3,
    "OtherProfilerError": 3,
    "DeviceMemoryError": 3,
}


def test_every_error_has_its_exit_code_and_its_place_in_the_tree() -> None:
    classes = {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, TimelineError)
    }
    assert {name: value.exit_code for name, value in classes.items()} == EXIT_CODES
    for name, value in classes.items():
        assert name in (errors.__doc__ or "")
        assert value.__doc__


def test_the_nearest_name_is_suggested() -> None:
    error = unknown("technique", "three_way", ["pdl", "three_way_overlap"])
    assert str(error) == "no technique named 'three_way'; did you mean 'three_way_overlap'?"


def test_without_a_near_name_all_are_listed() -> None:
    assert str(unknown("table", "zzz", iter(["calls", "syncs"]))) == (
        "no table named 'zzz'; known: calls, syncs"
    )


def test_a_missing_extra_says_how_to_install_it() -> None:
    with pytest.raises(TimelineError, match=r"pip install 'cuda-timeline\[app\]'"):
        raise MissingExtraError("streamlit", "app")
