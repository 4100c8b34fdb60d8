"""What :mod:`benchmarks.dashboard` measured as the table of ``docs/dashboard.md``."""

from __future__ import annotations

from typing import Any

from benchmarks.sections import goal_text, goals_table, median_p95

__all__ = ["section"]

Result = dict[str, Any]


def section(result: Result) -> str:
    """Measured beside wanted; what misses its goal says so."""
    page, server = result["browser"], result["server"]
    load = f"{result['load_before']:.1f} before, {result['load_after']:.1f} after"
    return goals_table(
        [
            *_opening(result),
            _times("first redraw of a pan or zoom", page["redraw_ms"], "median", 50),
            _times("exact picture", page["exact_ms"], "p95", 150),
            _times("gap between frames while a key is held", page["frame_gap_ms"], "p95", 25),
            _times("a tile on the server", server["tile_ms"], "p95", 40),
            _one("a tile on the wire", page["tile_wire_bytes_most"] / 1e3, "KB", 200),
            _one("renderer", page["renderer_mb"], "MB", 250),
            _one("index, built", server["index_s"], "s", 2),
            _one("index, in the file", server["index_file_bytes_an_event"], "bytes an event", 64),
            ("index, read from the disk", median_p95(server["index_read_ms"]), ""),
            _times("measures of a span, computed", server["measures_ms"], "median", 1),
            _times("measures of a span, on the page", page["box_select_ms"], "p95", 120),
            _times(
                "search over all names, to the picture", page["search_to_picture_ms"], "p95", 200
            ),
            ("the machine's load", load, ""),
        ]
    )


def _opening(result: Result) -> list[tuple[str, str, str]]:
    page = result["browser"]
    after = page["timeline_s"] - page["empty_page_s"]
    without = page["timeline_without_preload_s"] - page["empty_page_s"]
    words = f"{after:.2f} s after what an empty page takes"
    return [
        ("first timeline, once indexed", words, goal_text(after, 0.5, "s")),
        ("the same without naming scripts ahead", f"{without:.2f} s", ""),
        ("the first page of a server, index on the disk", f"{page['first_opening_s']:.2f} s", ""),
        ("the first page of a server, no index yet", f"{result['never_indexed_s']:.2f} s", ""),
    ]


def _times(what: str, found: dict[str, float], held: str, goal: float) -> tuple[str, str, str]:
    return what, median_p95(found), f"{held} {goal_text(found[held], goal, 'ms')}"


def _one(what: str, value: float, unit: str, goal: float) -> tuple[str, str, str]:
    return what, f"{value:.3g} {unit}", goal_text(value, goal, unit)
