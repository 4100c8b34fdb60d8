"""Columns of one table of a file that timeline wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.annotations import TEXT, Arguments
from timeline.formats.perfetto.events import Table
from timeline.formats.perfetto.slices import Slices
from timeline.trace import TABLES, table
from timeline.trace.columns import Masked, from_numpy

__all__ = ["OwnColumns"]

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]

_APIS = {category: api for api, category in schema.CALL_CATEGORIES.items()}
_TOP = np.uint64(1 << 63)


class OwnColumns:
    """Builds the columns of a table, one after the other.

    Parameters
    ----------
    events, rows : Table, Slices
        Of all tables.
    chosen : numpy.ndarray of int64, shape (n,)
        Those of the slices that are rows of this table.
    """

    def __init__(
        self,
        name: str,
        events: Table,
        rows: Slices,
        chosen: Int64,
        texts: Sequence[str],
        intake: Intake,
    ) -> None:
        self._name, self._schema = name, TABLES[name]
        self._rows, self._chosen = rows, chosen
        self._texts, self._intake = texts, intake
        self._columns: dict[str, Any] = {}
        self._shift_ns = 0
        named = schema.NAMED_BY.get(name, "name")
        event = rows.event[chosen]
        self._columns[named] = self._compact(events.name[event])
        if name == "activities":
            self._columns["kind"] = self._compact(events.category[event])
        if name == "calls":
            self._columns["api"] = self._apis(events.category[event])

    def place(self, places: Int64, held: Sequence[Sequence[Any]]) -> None:
        """The columns that all rows of a track share."""
        of = schema.HOST if self._name in ("calls", "ranges") else self._name
        for index, column in enumerate(schema.PLACES[of]):
            values = [said[index + 1] for said in held]
            missing = np.array([value is None for value in values], np.bool_)
            known = np.array([0 if value is None else value for value in values], np.int64)
            self._columns[column] = Masked.unless(known[places], missing[places])

    def times(self, shift_ns: int) -> None:
        """Start and end, on the trace's clock."""
        self._shift_ns = shift_ns
        self._columns["start"] = self._rows.start[self._chosen] - shift_ns
        end = self._rows.end[self._chosen] - shift_ns
        self._columns["end"] = Masked.unless(end, self._rows.instant[self._chosen])

    def arguments(self, found: Mapping[str, Arguments]) -> None:
        """The columns that debug annotations hold."""
        row = np.full(len(self._rows.event), -1, np.int64)
        row[self._chosen] = np.arange(len(self._chosen))
        for field in self._schema:
            if field.name in found:
                one = found[field.name]
                rows = row[one.event]
                mine = np.flatnonzero(rows >= 0)
                if len(mine):
                    kinds, values = one.kind[mine], one.value[mine]
                    self._argument(field, rows[mine], kinds, values, one.place[mine])

    def _argument(
        self, field: pa.Field, rows: Int64, kinds: Array, values: Array, places: Array
    ) -> None:
        textual = pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)
        fits = (kinds == TEXT) == textual
        if not textual:
            wide = values >= _TOP
            fits &= ~wide | (kinds == (schema.UINT if _unsigned(field.type) else schema.INT))
        fits &= places < (3 if pa.types.is_fixed_size_list(field.type) else 1)
        if not fits.all():
            self._intake.refuse(
                f"table {self._name}",
                f"values of {field.name!r} that don't fit",
                int((~fits).sum()),
            )
            rows, values, places = rows[fits], values[fits], places[fits]
        self._columns[field.name] = self._column(field, rows, values, places)

    def _column(self, field: pa.Field, rows: Int64, values: Array, places: Array) -> Any:
        count, kind = len(self._chosen), field.type
        if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
            codes = np.full(count, -1, np.int64)
            codes[rows] = values.astype(np.int64)
            if pa.types.is_string(kind):
                return [self._texts[code] if code >= 0 else None for code in codes.tolist()]
            return self._compact(codes)
        missing = np.ones(count, np.bool_)
        missing[rows] = False
        if pa.types.is_fixed_size_list(kind):
            lanes = np.zeros((count, kind.list_size), np.int64)
            lanes[rows, places] = values.view(np.int64)
            flat = from_numpy(lanes.reshape(-1), kind.value_type)
            mask = from_numpy(missing, pa.bool_())
            return pa.FixedSizeListArray.from_arrays(flat, kind.list_size, mask=mask)
        whole = np.zeros(count, np.uint64)
        whole[rows] = values
        if pa.types.is_boolean(kind):
            return Masked.unless(whole == 1, missing)
        if field.name == "end":  # of marks, which are drawn as instants
            known = self._rows.end[self._chosen]
            whole = np.where(missing, (known - self._shift_ns).view(np.uint64), whole)
            missing &= self._rows.instant[self._chosen]
        return Masked.unless(whole if _unsigned(kind) else whole.view(np.int64), missing)

    def _compact(self, codes: Array) -> tuple[Array, list[str]]:
        """The same texts by numbers of their own, so that no other table's are among them."""
        used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=0))
        renumbered = np.full(len(self._texts) + 1, -1, np.int32)  # the last stands for -1
        renumbered[used] = np.arange(len(used))
        return renumbered[codes], [self._texts[code] for code in used.tolist()]

    def _apis(self, codes: Array) -> tuple[Array, list[str]]:
        numbers, texts = self._compact(codes)
        return numbers, [_APIS.get(text, text.removeprefix("cuda_")) for text in texts]

    def table(self) -> pa.Table:
        """The table."""
        return table(self._name, self._columns, len(self._chosen))


def _unsigned(kind: pa.DataType) -> bool:
    return bool(pa.types.is_unsigned_integer(kind))
