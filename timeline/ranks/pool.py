"""Processes that work for this one, whatever program it is.

Those of :mod:`multiprocessing` first run the ``__main__`` of the process that started them. In the
dashboard that is the page being drawn, and in a user's script without a guard it is the script:
neither may run again. So these are plain interpreters (:mod:`timeline.ranks.worker`) that import
what they are asked for and nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any, TypeVar

from timeline.ranks.worker import receive, send

__all__ = ["WorkerLostError", "map_in_processes"]

Result = TypeVar("Result")

_CHILD = "import sys; sys.path[:] = sys.argv[1:]; from timeline.ranks import worker; worker.main()"
"""Imports from where this process does, whatever lies in the current folder."""


class WorkerLostError(Exception):
    """A process ended before it answered."""


def map_in_processes(
    task: Callable[[str], Result],
    places: Sequence[str],
    workers: int,
    done: Callable[[str], None],
) -> list[Result]:
    """Call ``task`` with each of ``places``, in ``workers`` processes.

    The first error of a task is raised; what has not begun then never does.

    Parameters
    ----------
    task : callable
        Something that pickle finds by its module.
    done : callable
        Called in this thread with each place that is done.

    Raises
    ------
    WorkerLostError
        When a process is killed.
    """
    with ThreadPoolExecutor(workers) as threads, _processes() as process:
        futures = {threads.submit(_asked, process, task, place): place for place in places}
        try:
            for future in as_completed(futures):
                future.result()
                done(futures[future])
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]


@contextmanager
def _processes() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """The process of the calling thread, started when first asked for; all end with the block."""
    mine, started = threading.local(), list[subprocess.Popen[bytes]]()

    def process() -> subprocess.Popen[bytes]:
        if not hasattr(mine, "process"):
            command, pipe = [sys.executable, "-c", _CHILD, *sys.path], subprocess.PIPE
            mine.process = subprocess.Popen(command, stdin=pipe, stdout=pipe)
            started.append(mine.process)
        found: subprocess.Popen[bytes] = mine.process
        return found

    try:
        yield process
    finally:
        for each in started:
            each.kill()
            each.communicate()


def _asked(process: Callable[[], subprocess.Popen[bytes]], task: Any, place: str) -> Any:
    child = process()
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        send(child.stdin, (task, place))
        sound, answer = receive(child.stdout)
    except (EOFError, BrokenPipeError) as error:
        raise WorkerLostError from error
    if sound:
        return answer
    raise answer
