"""What code tells the ``nvtx`` package about a range, in one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timeline.recording.range_log import DEFAULT_DOMAIN, Described, RangeLog

__all__ = ["Current", "Words", "domain_name"]

_PAYLOAD_LENGTH = 1000
_OPAQUE = 0xFF000000


class Current:
    """The log of the running recording; of the last one when none runs."""

    log: RangeLog | None = None


def domain_name(name: str | None) -> str:
    """Name of a domain in the trace."""
    return str(name) if name else DEFAULT_DOMAIN


class Words:
    """Reads arguments and attributes.

    Parameters
    ----------
    color_to_hex : callable
        nvtx's own reading of colours.
    """

    def __init__(self, color_to_hex: Callable[[Any], int]) -> None:
        self._hex = color_to_hex

    def of(
        self,
        message: Any = None,
        color: Any = None,
        domain: str | None = None,
        category: Any = None,
        payload: Any = None,
    ) -> Described:
        """From the arguments of ``nvtx.annotate``, ``push_range`` and the like."""
        name = getattr(message, "string", message)
        return Described(
            "" if name is None else str(name),
            domain_name(domain),
            str(category) if category else None,
            self._color(color),
            None if payload is None else str(payload)[:_PAYLOAD_LENGTH],
        )

    def of_attributes(self, attributes: Any, domain: Any) -> Described:
        """From event attributes; their category is a number that the domain has named."""
        name = getattr(domain, "name", None)
        if attributes is None:
            return self.of(domain=name)
        category = attributes.category
        names = getattr(domain, "categories", None) or {}
        category = next((n for n, number in names.items() if number == category), category)
        return self.of(attributes.message, attributes.color, name, category, attributes.payload)

    def of_call(self, domain: Any, attributes: Any, changes: dict[str, Any]) -> Described:
        """From a call of a domain's method, which may change the attributes that it is given."""
        if attributes is None:
            return self.of(domain=getattr(domain, "name", None), **changes)
        if changes:
            domain.set_event_attributes(attributes, **changes)
        return self.of_attributes(attributes, domain)

    def of_annotate(self, annotate: Any) -> Described:
        """From an instance of ``nvtx.annotate``; a payload is read again each time."""
        found: Described | None = annotate.__dict__.get("_timeline_words")
        if found is None:
            if hasattr(annotate, "init_args"):  # 0.2.12 and later
                found = self.of(*annotate.init_args)
            else:
                found = self.of_attributes(annotate.attributes, annotate.domain)
            if found.payload is None:
                annotate._timeline_words = found
        return found

    def _color(self, color: Any) -> int | None:
        if color is None:
            return None
        try:
            value = int(self._hex(color)) & 0xFFFFFFFF
        except (TypeError, ValueError):
            return None
        return value if value >> 24 else value | _OPAQUE
