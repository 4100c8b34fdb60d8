"""Names behind the pointers and ids of records: kernels, ranges, API functions."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.cupti.fields import distinct
from timeline.backends.cuda.cupti.library import Library
from timeline.backends.cuda.cupti.memory import text_at

__all__ = ["Codes", "FunctionNames", "Strings", "demangler", "factorize", "without_version"]

Int32 = npt.NDArray[np.int32]
Codes = tuple[Int32, list[str]]
"""Codes and what they stand for, as :func:`timeline.trace.table` takes a dictionary column."""

LOST = "[name lost]"
"""Name of what was unloaded before its name was read."""

_SAMPLES = 1024

_VERSION = re.compile(r"_v\d+(?=(_ptsz|_ptds)?$)")


def factorize(values: npt.NDArray[Any]) -> tuple[Int32, list[int]]:
    """Codes of ``values`` and the distinct values, in the order in which they appear.

    Of many values few are distinct, and a sample has almost all of them: no sorting of the others.
    """
    if not len(values):
        return np.empty(0, np.int32), []
    values = values.astype(np.int64)
    found = distinct(values[:: len(values) // _SAMPLES + 1])
    place = _place(found, values)
    rare = values[found[place] != values]
    if len(rare):
        found = distinct(np.concatenate([found, rare]))
        place = _place(found, values)
    first = np.empty(len(found), np.int64)
    first[place[::-1]] = np.arange(len(values) - 1, -1, -1)  # what is written last stays
    order = np.argsort(first)
    rank = np.empty(len(found), np.int32)
    rank[order] = np.arange(len(found), dtype=np.int32)
    return rank[place], found[order].tolist()


def _place(found: npt.NDArray[np.int64], values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each of ``values`` is, or would be, in ``found``."""
    place: npt.NDArray[np.int64] = np.searchsorted(found, values)
    return np.minimum(place, len(found) - 1, out=place)


class Strings:
    """C strings by address; each address is read once.

    CUPTI says that a name is shared by all records of its kernel, and keeps it.

    Parameters
    ----------
    shown : callable
        Makes the text to show from the one read.
    """

    def __init__(self, shown: Callable[[str], str] = str) -> None:
        self._shown = shown
        self._known: dict[int, str | None] = {0: None}

    def at(self, address: int) -> str | None:
        """The text at ``address``; None at 0."""
        if address not in self._known:
            text = text_at(address)
            self._known[address] = LOST if text is None else self._shown(text)
        return self._known[address]

    def codes(self, addresses: npt.NDArray[Any], otherwise: str = "") -> Codes:
        """A column of texts; ``otherwise`` stands for address 0."""
        codes, distinct = factorize(addresses)
        found = [self.at(address) for address in distinct]
        return _merged(codes, [otherwise if text is None else text for text in found])


def demangler() -> Callable[[str], str]:
    """``__cxa_demangle`` of libstdc++; without that library names stay as they are."""
    try:
        demangle: Any = ctypes.CDLL("libstdc++.so.6").__cxa_demangle
        free: Any = ctypes.CDLL(None).free
    except (OSError, AttributeError):
        return str
    demangle.restype = ctypes.c_void_p
    demangle.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    free.argtypes, free.restype = [ctypes.c_void_p], None

    def shown(name: str) -> str:
        if not name.startswith("_Z"):
            return name
        status = ctypes.c_int(0)
        address = demangle(name.encode(), None, None, ctypes.byref(status))
        if not address:
            return name
        try:
            return ctypes.string_at(address).decode("utf-8", "replace")
        finally:
            free(address)

    return shown


def without_version(name: str) -> str:
    """``cudaLaunchKernel`` of ``cudaLaunchKernel_v7000``; ``_ptsz`` and ``_ptds`` stay.

    They mark calls to the per-thread default stream.
    """
    return _VERSION.sub("", name)


class FunctionNames:
    """Names of runtime and driver functions by callback id.

    Parameters
    ----------
    library : Library
        Whose ``cuptiGetCallbackName`` is asked.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[tuple[int, int], str] = {}

    def of(self, domain: int, callback: int) -> str:
        """Name of a function, without version suffix; its number where CUPTI has none."""
        key = (domain, callback)
        if key not in self._known:
            name = self._library.callback_name(domain, callback)
            self._known[key] = without_version(name) if name else f"callback {callback}"
        return self._known[key]

    def codes(self, domain: int, callbacks: npt.NDArray[Any]) -> Codes:
        """A column of names."""
        codes, distinct = factorize(callbacks)
        return _merged(codes, [self.of(domain, callback) for callback in distinct])


def _merged(codes: Int32, names: list[str]) -> Codes:
    """One code a name: two addresses may hold the same text."""
    unique = list(dict.fromkeys(names))
    if len(unique) == len(names):
        return codes, names
    index = {name: code for code, name in enumerate(unique)}
    return np.array([index[name] for name in names], np.int32)[codes], unique
