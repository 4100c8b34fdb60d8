"""Signals while a script is recorded: SIGTERM ends it like Ctrl-C, with a whole trace."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

__all__ = ["Terminated", "ignored", "terminable"]

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Terminated(SystemExit):
    """SIGTERM came; ``number`` is the exit code that a shell reports of it."""

    number = 128 + signal.SIGTERM


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated(Terminated.number)


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM, where nobody handles it, raises :class:`Terminated`."""
    if not _in_main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is _terminated:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def ignored() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the trace is written."""
    if not _in_main_thread():
        yield
        return
    before = {}
    try:
        for number in _ENDING:
            before[number] = signal.getsignal(number)
            signal.signal(number, signal.SIG_IGN)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
