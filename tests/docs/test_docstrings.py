"""Docstrings of the API reference: NumPy style, and complete where a signature does not say it."""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from numpydoc.validate import validate

ROOT = Path(__file__).resolve().parents[2]

ALWAYS = {
    "GL01",  # text starts on the first line
    "GL03",  # no double blank lines
    "GL06",  # an unknown section
    "GL07",  # sections in NumPy's order
    "GL08",  # no docstring
    "SS01",  # no summary
    "SS02",  # it starts with a capital letter
    "SS04",  # nor with blanks
    "PR02",  # a parameter that is no more
    "PR04",  # a parameter without its type
    "PR06",  # a type by another name
    "PR07",  # a parameter without its description
    "PR10",  # no blank before the colon
    "RT03",  # a returned value without its description
}


def public() -> dict[str, Any]:
    """What the pages of the reference document, by the name under which numpydoc finds it."""
    found: dict[str, Any] = {}
    for page in sorted((ROOT / "docs" / "api").glob("*.md")):
        for name in re.findall(r"automodule:: ([\w.]+)", page.read_text(encoding="utf-8")):
            module = import_module(name)
            for public_name in getattr(module, "__all__", dir(module)):
                found.update(_documented(getattr(module, public_name)))
    return found


def _documented(thing: Any) -> Iterator[tuple[str, Any]]:
    """A function, or a class and its methods and properties; of timeline, and public."""
    home = str(getattr(thing, "__module__", ""))
    if not (home.startswith("timeline") and (inspect.isclass(thing) or inspect.isfunction(thing))):
        return
    yield f"{home}.{thing.__qualname__}", thing
    for name, member in vars(thing).items() if inspect.isclass(thing) else ():
        kinds = (property, classmethod, staticmethod)
        inherits = member.__doc__ is None and inspect.getdoc(member)
        if inspect.isfunction(member) or isinstance(member, kinds):
            if name.startswith("_") or inherits:
                continue
            yield f"{home}.{thing.__qualname__}.{name}", member


PUBLIC = public()
CLASSES = {name.rpartition(".")[2] for name, thing in PUBLIC.items() if inspect.isclass(thing)}


def wanted(thing: Any) -> set[str]:
    """The checks for one name.

    A function of several parameters describes those that :func:`told` does not. It describes what
    it returns unless that is a bool, or one or many of the classes of the reference, which say it
    themselves.
    """
    if not inspect.isfunction(thing) or "." in thing.__qualname__:
        return ALWAYS
    signature = inspect.signature(thing)
    several = {"PR01"} if len(signature.parameters) > 1 else set()
    returned = str(signature.return_annotation).removesuffix(" | None")
    one = re.sub(r"^(?:list|tuple)\[(\w+)(?:, \.\.\.)?\]$", r"\1", returned)
    return ALWAYS | several | (set() if one in CLASSES | {"bool"} else {"RT01"})


def told(thing: Any) -> set[str]:
    """Parameters whose type tells all: those of one class, as the work that a measure reads."""
    if not inspect.isfunction(thing):
        return set()
    parameters = inspect.signature(thing).parameters.items()
    return {name for name, each in parameters if str(each.annotation) in CLASSES | {"Execution"}}


def missing(name: str) -> list[str]:
    """What numpydoc finds wrong."""
    checks, errors = wanted(PUBLIC[name]), validate(name)["errors"]
    named = {code: set(re.findall(r"'\**(\w+)'", text)) for code, text in errors}
    return [
        f"{code}: {text}"
        for code, text in errors
        if code in checks and not (code == "PR01" and named[code] <= told(PUBLIC[name]))
    ]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_docstring_is_complete(name: str) -> None:
    assert missing(name) == []


def test_an_incomplete_docstring_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def several(first: int, second: int) -> int:
        """Docstring without its sections."""
        return first + second

    several.__qualname__ = "overlap"
    assert wanted(several) - ALWAYS == {"PR01", "RT01"}
    name = "timeline.analysis.overlap.overlap"
    assert missing(name) == []
    monkeypatch.setattr(PUBLIC[name], "__doc__", "Overlap of any set of engines.")
    assert [error[:4] for error in missing(name)] == ["PR01"]
