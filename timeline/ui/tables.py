"""Tables of measures: ratios as bars, integers with separators, nothing where there are no rows."""

from __future__ import annotations

from typing import Any

import streamlit as st

from timeline.ui.inside_rows import block_rows, role_rows
from timeline.ui.measures import (
    Device,
    Rows,
    activity_rows,
    barrier_rows,
    engine_rows,
    host_wait_rows,
    overlap_rows,
    pdl_rows,
)
from timeline.ui.page import section

__all__ = ["activity_table", "measure_tables", "table"]


def table(heading: str, rows: Rows, hint: str = "") -> None:
    """Show a table under its heading; nothing without rows."""
    if rows:
        if heading:
            section(heading, hint)
        st.dataframe(rows, hide_index=True, column_config=_columns(rows), alt=heading or "figures")


def activity_table(device: Device) -> None:
    """Kernels and copies, those with the most time first."""
    table("Kernels and copies", activity_rows(device))


def measure_tables(device: Device) -> None:
    """Every other measure of a device."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        table("Engines", engine_rows(device))
        table("Blocks on the SMs", block_rows(device))
        table("Roles inside the kernels", role_rows(device))
    with right:
        table("Busy at once", overlap_rows(device))
        table("Dependent launches", pdl_rows(device))
        table("Host waits", host_wait_rows(device))
    table("Waits at the legacy default stream", barrier_rows(device))


def _columns(rows: Rows) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in rows[0]:
        if name in ("busy", "ratio", "share"):
            found[name] = st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent"
            )
        elif name == "GB/s":
            found[name] = st.column_config.NumberColumn(format="%.1f")
        elif any(isinstance(row[name], int | float) for row in rows):
            found[name] = st.column_config.NumberColumn(format="localized")
    return found
