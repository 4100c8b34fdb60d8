"""What every prepared operation shares: checked calls, and addresses that may move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from timeline.backends.cuda.api import Api
from timeline.backends.cuda.launch import Loaded
from timeline.backends.cuda.memory import late_buffers
from timeline.backends.cuda.stage import Issue, Placed, Stage
from timeline.errors import ProgramError
from timeline.program import Span, Stream, StreamOp

__all__ = ["Issuer", "checked", "in_stream", "located"]


class Issuer:
    """Prepares the operations of one host thread, or of one graph.

    Parameters
    ----------
    thread : int
        Index of the host thread.
    capturing : bool
        Whether the calls are made while their streams are captured.
    """

    def __init__(self, stage: Stage, thread: int, *, capturing: bool = False) -> None:
        self.stage = stage
        self.api = stage.api
        self.thread = thread
        self.capturing = capturing
        self.loaded: Loaded | None = None
        """Kernel of the launch that was prepared last."""
        self.late = late_buffers(stage.program)

    def placed(self, stream: Stream) -> Placed:
        """A stream as this thread sees it."""
        return self.stage.placed(stream, self.thread)

    def call(self, doing: str, function: Callable[..., Any], *arguments: Any) -> Issue:
        """A call whose status is checked."""
        return checked(self.api, partial(function, *arguments), doing)

    def address(self, span: Span) -> int | None:
        """Where a span is; None when the Program allocates its buffer, so that it may move.

        A graph keeps the addresses it was captured with, so there the buffer must have one by then.
        """
        if span.buffer.id in self.late:
            return None
        return self.stage.memory.addresses[span.buffer.id] + span.offset

    def addressed(self, doing: str, spans: tuple[Span, ...], function: Callable[..., Any]) -> Issue:
        """A call of ``function(*addresses)``, looked up when it is issued if one may move."""
        known = [self.address(span) for span in spans]
        if None not in known:
            return self.call(doing, function, *known)
        addresses, api = self.stage.memory.addresses, self.api

        def issue() -> None:
            now = [located(addresses, span, doing) for span in spans]
            status = function(*now)[0]
            if status:
                raise api.error(status, doing)

        return issue


def located(addresses: Mapping[int, int], span: Span, doing: str) -> int:
    """Address of a span; raises ProgramError when its buffer is not allocated."""
    base = addresses.get(span.buffer.id)
    if base is None:
        raise ProgramError(f"{doing}: buffer {span.buffer.name!r} is not allocated at this point")
    return base + span.offset


def checked(api: Api, call: Callable[[], tuple[Any, ...]], doing: str) -> Issue:
    """``call``, raising when its status is not success."""
    error = api.error

    def issue() -> None:
        status = call()[0]
        if status:
            raise error(status, doing)

    return issue


def in_stream(op: StreamOp, call: str) -> str:
    """A call and its stream, for messages."""
    return f"{call} in stream {op.stream.name!r}"
