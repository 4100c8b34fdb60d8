"""The measures of a trace in one piece: of its only device, or over all with each told apart."""

from __future__ import annotations

from typing import Any

__all__ = ["whole"]

Json = dict[str, Any]


def whole(found: Json) -> Json:
    """The measures of a report, for tables with one row a trace.

    Parameters
    ----------
    found : dict
        The JSON of a report of at least one device.

    Returns
    -------
    dict
        Of a single device: its measures. Of several: ``makespan_ns``, ``bound_ns`` and
        ``pipeline_efficiency`` over all of them; ``engines`` and ``overlaps`` of each, named
        ``1:SM``, with ``comm`` and ``compute`` (see
        :func:`timeline.analysis.communication.communication`) where a device communicates.
    """
    devices, together = found["devices"], found["together"]
    if together is None:
        only: Json = devices[0]
        return only
    engines: Json = {}
    overlaps: list[Json] = []
    for device in devices:
        number = device["device"]
        engines |= {f"{number}:{name}": row for name, row in device["engines"].items()}
        overlaps += [
            {**row, "engines": [f"{number}:{name}" for name in row["engines"]]}
            for row in device["overlaps"]
        ]
        if device["communication"]:
            apart, hidden = _communication(device)
            engines |= apart
            overlaps.append(hidden)
    return {
        "makespan_ns": together["makespan_ns"],
        "bound_ns": together["bound_ns"],
        "pipeline_efficiency": together["pipeline_efficiency"],
        "hidden_copy_ratio": None,
        "engines": engines,
        "overlaps": overlaps,
    }


def _communication(device: Json) -> tuple[Json, Json]:
    """Communication and compute as engines, and their overlap."""
    talk, length, number = device["communication"], device["makespan_ns"], device["device"]
    busy = {"comm": talk["communication_ns"], "compute": talk["compute_ns"]}
    engines = {
        f"{number}:{name}": {"busy_ns": ns, "busy_ratio": ns / length if length else None}
        for name, ns in busy.items()
    }
    shortest, hidden = min(busy.values()), talk["hidden_ns"]
    ratio = hidden / shortest if shortest else None
    return engines, {"engines": list(engines), "overlap_ns": hidden, "ratio": ratio}
