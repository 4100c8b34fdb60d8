"""Views that save the joins which most questions need."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["VIEWS"]

_ISSUED = """
    c.name AS call, c.api AS call_api, c.thread AS call_thread,
    c.start AS call_start, c."end" AS call_end, a.start - c.start AS launch_latency
"""
_JOINED = """
    FROM activities AS a LEFT JOIN unique_calls AS c
    ON c.correlation = a.correlation AND c.process IS NOT DISTINCT FROM a.process
"""

VIEWS: Mapping[str, str] = {
    "unique_calls": """
        SELECT * FROM calls WHERE correlation IS NOT NULL
        QUALIFY count(*) OVER (PARTITION BY process, correlation) = 1
    """,
    "kernels": f"""
        SELECT a.* EXCLUDE (kind, bytes, copy_kind, src_kind, dst_kind, src_device, dst_device),
            a."end" - a.start AS duration, {_ISSUED} {_JOINED} WHERE a.kind = 'kernel'
    """,
    "copies": f"""
        SELECT a.* EXCLUDE (kind, grid, block, cluster, registers, static_shared, dynamic_shared,
            pdl, cooperative),
            a."end" - a.start AS duration, a.bytes / nullif(a."end" - a.start, 0) AS gb_per_s,
            {_ISSUED} {_JOINED} WHERE a.kind = 'memcpy'
    """,
}
"""SQL of each view by name, in the order in which they are made.

``duration`` and ``launch_latency`` (from the begin of the call that issued it) are ns; bytes a ns
are GB/s. Correlation ids are unique within a process; an id that two calls share tells of neither.
"""
