"""The process that measures ranks for another one: places come in, summaries go out.

Messages are pickles, each after its length; both ends are of one program, and nothing else can
write to the pipes.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import IO, Any

__all__ = ["main", "receive", "send"]

_LENGTH = 8


def send(pipe: IO[bytes], message: Any) -> None:
    """Write one message."""
    packed = pickle.dumps(message)
    pipe.write(len(packed).to_bytes(_LENGTH, "little") + packed)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read one message.

    Raises
    ------
    EOFError
        When the other end is gone.
    """
    length = int.from_bytes(_whole(pipe, _LENGTH), "little")
    return pickle.loads(_whole(pipe, length))


def _whole(pipe: IO[bytes], count: int) -> bytes:
    found = pipe.read(count)
    if len(found) < count:
        raise EOFError
    return found


def main() -> None:
    """Answer each call with ``(True, result)`` or ``(False, error)`` until the pipe ends."""
    import pyarrow as pa

    pa.set_cpu_count(1)  # each process takes one core; all of them take them all
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    while True:
        try:
            task, argument = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = (True, task(argument))
        except Exception as error:  # it belongs to whoever asked
            answer = (False, error)
        send(answers, answer)
