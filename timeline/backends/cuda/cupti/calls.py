"""Runtime and driver calls of host threads: rows of ``calls``.

A runtime function calls the driver; with both traced, the inner call has the outer one's
correlation and says nothing new, so it is dropped.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.backends.cuda.cupti.fields import Records, distinct, unsigned
from timeline.backends.cuda.cupti.kinds import ActivityKind, CallbackDomain
from timeline.backends.cuda.cupti.names import FunctionNames
from timeline.trace import table

__all__ = ["Nesting", "calls"]

_API = {
    ActivityKind.DRIVER: (CallbackDomain.DRIVER_API, "driver"),
    ActivityKind.RUNTIME: (CallbackDomain.RUNTIME_API, "runtime"),
}


def calls(kind: int, records: Records, names: FunctionNames) -> pa.Table:
    """Rows of ``calls`` for the records of one API."""
    domain, api = _API[ActivityKind(kind)]
    count = len(records)
    return table(
        "calls",
        {
            "name": names.codes(domain, records["cbid"]),
            "api": (np.zeros(count, np.int32), [api]),
            "start": records["start"],
            "end": records["end"],
            "process": records["processId"].astype(np.int64),
            "thread": unsigned(records, "threadId"),
            "correlation": unsigned(records, "correlationId"),
            "return_code": records["returnValue"],
        },
        count,
    )


class Nesting:
    """Drops driver calls made by runtime calls, also across buffers.

    The inner call's record comes first, as it ends first; where its outer call may still come, it
    is held back once, until the next drain.
    """

    def __init__(self) -> None:
        self._held: Records | None = None

    def outermost(self, driver: Records, runtime: Records, *, last: bool) -> Records:
        """The driver calls that no runtime call made.

        Parameters
        ----------
        last : bool
            Nothing more will come, so hold nothing back.
        """
        fresh = np.ones(len(driver), np.bool_)
        if self._held is not None:
            fresh = np.concatenate([np.zeros(len(self._held), np.bool_), fresh])
            driver = Records.joined([self._held, driver])
        inner, undecided = _inside(driver, runtime)
        held = undecided & fresh & (not last)
        self._held = driver.where(held) if held.any() else None
        return driver.where(~inner & ~held)


def _inside(
    driver: Records, runtime: Records
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each driver call lies in a runtime call, and whether one may still come."""
    inner = np.zeros(len(driver), np.bool_)
    undecided = np.zeros(len(driver), np.bool_)
    for thread in distinct(driver["threadId"]).tolist():
        ours = np.flatnonzero(driver["threadId"] == thread)
        inner[ours], undecided[ours] = _inside_thread(
            driver.where(ours), runtime.where(runtime["threadId"] == thread)
        )
    return inner, undecided


def _inside_thread(
    driver: Records, runtime: Records
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    end = driver["end"]
    if not len(runtime):
        return np.zeros(len(end), np.bool_), np.ones(len(end), np.bool_)
    order = np.argsort(runtime["start"], kind="stable")
    outer_start, outer_end = runtime["start"][order], runtime["end"][order]
    correlation = runtime["correlationId"][order]
    place = np.searchsorted(outer_start, driver["start"], side="right") - 1
    around = np.maximum(place, 0)
    same = driver["correlationId"] == correlation[around]
    return (place >= 0) & (end <= outer_end[around]) & same, end > outer_end.max()
