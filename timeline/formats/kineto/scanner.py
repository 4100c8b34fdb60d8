"""JSON values one after the other from a window, each whole, exact and within the limits."""

from __future__ import annotations

import json
import re
from typing import Any

from timeline.formats.intake import Intake
from timeline.formats.kineto.event import Number, loads, no_constant
from timeline.formats.kineto.window import Window
from timeline.limits import more

__all__ = ["CutOffError", "MalformedError", "Scanner"]

_SPACE = re.compile(r"[ \t\n\r]*")
_NEXT_EVENT = re.compile(r"\}[ \t\n\r]*,[ \t\n\r]*(?=\{[ \t\n\r]*\")")
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_CUT_NUMBER = re.compile(r"\.|[eE][+-]?")
_ESCAPE = 6  # characters of a Unicode escape
_KEPT_TO_RESUME = 1 << 16


class CutOffError(Exception):
    """The file ends where something should follow."""


class MalformedError(ValueError):
    """What follows is no JSON value, or more of one than allowed.

    Attributes
    ----------
    pos : int
        The byte of the window where it shows.
    """

    def __init__(self, what: str, pos: int) -> None:
        super().__init__(what)
        self.pos = pos


class Scanner:
    """Reads a window value after value; ``window.pos`` is always between two of them."""

    def __init__(self, window: Window, intake: Intake) -> None:
        self.window = window
        self._intake = intake
        self._decoder = json.JSONDecoder(parse_float=Number, parse_constant=no_constant)
        self._text = ""
        self._of: tuple[int, int] | None = None
        self._from = 0
        self._ascii = True

    def peek(self) -> str:
        """The next character that is no space; ``window.pos`` is then at it.

        Raises
        ------
        CutOffError
            When there is none.
        """
        while True:
            text, at = self._loaded()
            match = _SPACE.match(text, at)
            assert match is not None
            self.window.pos += match.end() - at
            if match.end() < len(text):
                return text[match.end()]
            if not self.window.load():
                raise CutOffError

    def take(self, wanted: str) -> bool:
        """Step over the next character if it is ``wanted``."""
        if self.peek() != wanted:
            return False
        self.window.pos += 1
        return True

    def value(self) -> Any:
        """The next value.

        Raises
        ------
        CutOffError
            When the file ends inside of it.
        MalformedError
            When there is none, or it is larger or deeper than allowed.
        """
        self.peek()
        while True:
            text, at = self._loaded()
            try:
                found, end = self._decoder.raw_decode(text, at)
            except json.JSONDecodeError as error:
                self._load_rest(error, at)
            except RecursionError:
                raise MalformedError(self._too_deep(), self.window.pos) from None
            except ValueError:  # Python's own limit, of some thousand digits
                raise MalformedError("no JSON: too long a number", self.window.pos) from None
            else:
                if end == len(text) and self.window.load():  # perhaps a number that goes on
                    continue
                return self._checked(found, text, at, end)

    def _load_rest(self, error: json.JSONDecodeError, at: int) -> None:
        """Load more, if the error can be the end of what is loaded."""
        text, most = error.doc, self._intake.options.limits.event_bytes
        if not _may_go_on(error):
            raise MalformedError(f"no JSON: {error.msg}", self.window.pos + error.pos - at)
        if len(text) - at > most:
            raise MalformedError(
                f"a value of more than {most:,} bytes; {more('event_bytes')}",
                self.window.pos,
            )
        if not self.window.load():
            raise CutOffError

    def _checked(self, found: Any, text: str, at: int, end: int) -> Any:
        most = self._intake.options.limits.nesting
        if text.count("[", at, end) + text.count("{", at, end) > most and _deeper(found, most):
            raise MalformedError(self._too_deep(), self.window.pos)
        if not self._ascii and not (piece := text[at:end]).isascii():
            found = self._decoded(piece.encode("latin-1"))
        self.window.pos += end - at
        return found

    def _decoded(self, raw: bytes) -> Any:
        try:
            return loads(raw.decode())
        except UnicodeDecodeError as error:
            place = self.window.place_of(self.window.pos + error.start)
            self._intake.refuse(place, "texts that are not UTF-8")
            return loads(raw.decode("utf-8", "replace"))

    def _too_deep(self) -> str:
        most = self._intake.options.limits.nesting
        return f"nested deeper than {most}; {more('nesting')}"

    def resume(self, pos: int) -> bool:
        """Go to the next place after ``pos`` that looks like an event; False if there is none."""
        window = self.window
        window.pos = min(pos, window.end)
        while True:
            text, at = self._loaded()
            match = _NEXT_EVENT.search(text, at)
            if match:
                window.pos += match.end() - at
                return True
            window.pos = max(window.pos, window.end - _KEPT_TO_RESUME)
            if not window.load():
                return False

    def _loaded(self) -> tuple[str, int]:
        """What is loaded, a character a byte, and where ``window.pos`` is in it."""
        window = self.window
        if self._of != (window.base, window.end) or window.pos < self._from:
            self._of, self._from = (window.base, window.end), window.pos
            self._text = window.text()
            self._ascii = self._text.isascii()
        return self._text, window.pos - self._from


def _may_go_on(error: json.JSONDecodeError) -> bool:
    """Whether the text may be sound, and only end too early."""
    rest = error.doc[error.pos : error.pos + 2 * _ESCAPE]
    if error.msg.startswith("Unterminated"):
        return True
    if error.msg.startswith("Invalid \\"):
        return len(rest) <= _ESCAPE
    cut_number = _CUT_NUMBER.fullmatch(rest) is not None
    return not rest or cut_number or any(word.startswith(rest) for word in _WORDS)


def _deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
