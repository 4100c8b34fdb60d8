"""Names from traces are untrusted text: made safe before a picture shows them."""

from __future__ import annotations

import html
import re
import unicodedata

__all__ = ["html_text", "plain", "short"]

_UNNAMED = re.compile(r"(\(anonymous namespace\)|<unnamed>|\{anonymous\})::")

LONGEST = 200
"""Characters of a name that a picture shows; C++ templates can be tens of thousands long."""


def plain(name: str, longest: int = LONGEST) -> str:
    """Drop what is no printable text (controls, bidirectional overrides); cut what is too long."""
    head = name[: longest + 1]
    if not head.isprintable():
        head = "".join(_visible(char) for char in head)
    return head if len(head) <= longest else head[: longest - 1] + "…"


def _visible(char: str) -> str:
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return " " if char in "\t\n\r" else "�"
    return char


def html_text(name: str, longest: int = LONGEST) -> str:
    """``name`` as the content of an SVG element or of Plotly's own markup (``<b>``, ``<a href>``).

    Quotes stay as they are: Plotly doesn't know ``&quot;``. So it is not for attribute values.
    """
    return html.escape(plain(name, longest), quote=False)


def short(name: str) -> str:
    """Name of a kernel without its return type, namespaces, template arguments and parameters."""
    bare = _UNNAMED.sub("", name.removeprefix("void "))
    bare = re.split(r"[<(]", bare, maxsplit=1)[0].strip()
    last = bare.rsplit("::", 1)[-1]
    return last or name
