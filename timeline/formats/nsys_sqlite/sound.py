"""Leaving out rows that can't be: wrong types, missing times, ends before starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.rows import Rows
from timeline.intervals import LIMIT_NS

__all__ = ["sound"]

Mask = npt.NDArray[np.bool_]

_INT32 = (-(2**31), 2**31 - 1)


def sound(
    rows: Rows,
    intake: Intake,
    *,
    needs: Sequence[str] = (),
    times: Sequence[str] = (),
    int32: Sequence[str] = (),
) -> Rows:
    """The rows that a trace can hold.

    Parameters
    ----------
    needs : sequence of str
        Columns that must hold a number.
    times : sequence of str
        Columns of times; the last of two may not lie before the first.
    int32 : sequence of str
        Columns whose numbers must fit 32 bits.

    Raises
    ------
    TraceError
        For a column that the table lacks, and at the first unsound row of an import that isn't
        lenient.
    """
    for name in needs:
        if len(rows) and name not in rows:
            raise intake.error(f"table {rows.table}", f"has no column {name!r}: not nsys's")
    for name in rows.names:
        rows = _without(rows, intake, rows.other(name), f"rows without an integer in {name!r}")
    for name in needs:
        if name in rows:
            rows = _without(rows, intake, rows.null(name), f"rows without a {name!r}")
    for name in times:
        if name in rows:
            values = rows[name]
            wrong = (values >= LIMIT_NS) | (values <= -LIMIT_NS)
            rows = _without(rows, intake, wrong, "rows with a time out of range")
    if len(times) == 2 and all(name in rows for name in times):
        wrong = (rows[times[1]] < rows[times[0]]) & ~rows.null(times[1])
        rows = _without(rows, intake, wrong, "rows that end before they start")
    for name in int32:
        if name in rows:
            wrong = (rows[name] < _INT32[0]) | (rows[name] > _INT32[1])
            rows = _without(rows, intake, wrong, f"rows with a number out of range in {name!r}")
    return rows


def _without(rows: Rows, intake: Intake, wrong: Mask | None, what: str) -> Rows:
    if wrong is None or not wrong.any():
        return rows
    first = int(rows.numbers[int(wrong.argmax())])
    where = f"table {rows.table}, row {first:,}"
    intake.refuse(where, f"{what} in {rows.table}", int(np.count_nonzero(wrong)))
    return rows.where(~wrong)
