"""The host threads of a Program as real threads, kept from repeat to repeat.

A per-thread default stream belongs to its thread, so a thread must outlive a repeat for its
stream to be one row of the timeline.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial

from timeline.errors import TimelineError, UnavailableError

__all__ = ["Crew"]

Body = Callable[[], None]


class Crew:
    """Runs one body a thread at the same time; with a single thread, on the caller's.

    Parameters
    ----------
    names : sequence of str
        Of the host threads, in order.
    on_error : callable
        Called at once, on the thread that failed, so that the others can't wait for it for ever.
    """

    def __init__(self, names: Sequence[str], on_error: Callable[[], None]) -> None:
        self._on_error = on_error
        self._count = len(names)
        self._lanes = [_Lane(name) for name in names] if len(names) > 1 else []
        self._errors: list[BaseException] = []

    def run(self, bodies: Sequence[Body], timeout_s: float) -> None:
        """Run ``bodies[i]`` on thread ``i`` and return when all are done.

        Raises
        ------
        UnavailableError
            When a thread takes longer than ``timeout_s``.
        BaseException
            The first that a body raised.
        """
        self._errors.clear()
        if not self._lanes:
            for body in bodies:
                self._guarded(body)
        else:
            done = [
                lane.submit(partial(self._guarded, body))
                for lane, body in zip(self._lanes, bodies, strict=True)
            ]
            late = [d for d in done if not d.wait(timeout_s)]
            if late and not self._errors:
                raise UnavailableError(
                    f"a host thread of the Program did not come back within {timeout_s:g} s; "
                    "it waits for something that never happens on the device"
                )
        if self._errors:
            raise _cause(self._errors)

    def run_each(self, body: Callable[[int], None], timeout_s: float) -> None:
        """Run ``body(i)`` on every thread ``i``; see :meth:`run`."""
        self.run([partial(body, index) for index in range(self._count)], timeout_s)

    def _guarded(self, body: Body) -> None:
        try:
            body()
        except BaseException as error:
            self._errors.append(error)
            self._on_error()

    def close(self) -> None:
        """Let the threads end."""
        for lane in self._lanes:
            lane.close()


def _cause(errors: Sequence[BaseException]) -> BaseException:
    """The error to show: one raised on purpose rather than one of a thread that it stopped."""
    meant = [e for e in errors if isinstance(e, TimelineError)]
    return meant[0] if meant else errors[0]


class _Lane:
    def __init__(self, name: str) -> None:
        self._work: queue.SimpleQueue[tuple[Body, threading.Event] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def submit(self, body: Body) -> threading.Event:
        done = threading.Event()
        self._work.put((body, done))
        return done

    def close(self) -> None:
        self._work.put(None)
        self._thread.join(timeout=1.0)

    def _loop(self) -> None:
        while (item := self._work.get()) is not None:
            body, done = item
            body()
            done.set()
