"""Host threads of a Program."""

from __future__ import annotations

import threading

import pytest

from timeline.backends.cuda.threads import Crew
from timeline.errors import ProgramError, UnavailableError


def _wait(what: threading.Barrier | threading.Event) -> None:
    what.wait(20)


def test_one_thread_is_the_callers() -> None:
    seen = []
    crew = Crew(["main"], lambda: None)
    crew.run([lambda: seen.append(threading.get_ident())], 5)
    assert seen == [threading.get_ident()]


def test_threads_run_together_and_stay_the_same() -> None:
    crew, meet = Crew(["a", "b", "c"], lambda: None), threading.Barrier(3)
    seen: list[dict[int, int]] = [{}, {}]

    def body(index: int, run: int) -> None:
        meet.wait(20)
        seen[run][index] = threading.get_ident()

    for run in range(2):
        crew.run_each(lambda index, run=run: body(index, run), 30)  # type: ignore[misc]
    assert seen[0] == seen[1]
    assert len(set(seen[0].values())) == 3
    crew.close()


def test_the_error_on_purpose_is_raised_and_the_others_are_told() -> None:
    told, meet = [], threading.Barrier(2)

    def stop() -> None:
        told.append(1)
        meet.abort()

    def fail() -> None:
        raise ProgramError("refused")

    crew = Crew(["a", "b"], stop)
    with pytest.raises(ProgramError, match="refused"):
        crew.run([fail, lambda: _wait(meet)], 30)
    assert told
    crew.close()


def test_a_thread_that_never_comes_back_is_an_error() -> None:
    forever = threading.Event()
    crew = Crew(["a", "b"], lambda: None)
    with pytest.raises(UnavailableError, match=r"did not come back within 0\.05 s"):
        crew.run([lambda: None, lambda: _wait(forever)], 0.05)
    forever.set()
    crew.close()


def test_no_threads_at_all() -> None:
    Crew([], lambda: None).run([], 1)
