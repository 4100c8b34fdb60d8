"""Where ranks are measured: the cores of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

from timeline.errors import MissingExtraError, UnavailableError
from timeline.ranks.measure import measure
from timeline.ranks.pool import WorkerLostError, map_in_processes
from timeline.ranks.summary import RankSummary

__all__ = ["Runner", "on_cluster", "on_cores"]

Runner = Callable[[Sequence[str], Callable[[str], None]], list[RankSummary]]
"""Measures places; calls its second argument with each place that is done."""

_CONNECT_S = 10


def on_cores(jobs: int | None = None, *, lenient: bool = False) -> Runner:
    """Measure in as many processes as there are cores.

    Each holds one trace at a time, so memory is bounded by ``jobs`` times the largest.

    Parameters
    ----------
    jobs : int, optional
        Processes; by default the cores that this process may use.
    lenient : bool
        Keep what is sound of damaged files.

    Returns
    -------
    Runner
        Takes places, gives their summaries.
    """
    task = partial(measure, lenient=lenient)

    def run(places: Sequence[str], done: Callable[[str], None]) -> list[RankSummary]:
        workers = min(jobs or len(os.sched_getaffinity(0)), len(places))
        if workers < 2:
            return [_told(place, task(place), done) for place in places]
        try:
            return map_in_processes(task, places, workers, done)
        except WorkerLostError as error:
            raise UnavailableError(
                "a process that measured a rank was killed, perhaps for want of memory; take fewer "
                "at once with --jobs"
            ) from error

    return run


def _told(place: str, found: RankSummary, done: Callable[[str], None]) -> RankSummary:
    done(place)
    return found


def on_cluster(scheduler: str, *, lenient: bool = False) -> Runner:
    """Measure on the workers of a Dask cluster, which must have timeline and reach the places.

    Parameters
    ----------
    scheduler : str
        Its address, such as ``tcp://10.0.0.1:8786``.
    lenient : bool
        Keep what is sound of damaged files.

    Returns
    -------
    Runner
        Takes places, gives their summaries.

    Raises
    ------
    MissingExtraError
        Without ``distributed``.
    """
    try:
        from distributed import Client
        from distributed import as_completed as as_dask_completed
    except ImportError:
        raise MissingExtraError("distributed", "cluster") from None

    def run(places: Sequence[str], done: Callable[[str], None]) -> list[RankSummary]:
        try:
            client = Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UnavailableError(
                f"{scheduler}: no Dask scheduler answers ({reason}); start one with: dask scheduler"
            ) from error
        with client:
            futures = client.map(partial(measure, lenient=lenient), places, pure=False)
            of = {future.key: place for future, place in zip(futures, places, strict=True)}
            for future in as_dask_completed(futures, loop=client.loop):
                future.result()
                done(of[future.key])
            found: list[RankSummary] = client.gather(futures)
            return found

    return run
