"""Indices of traces, each built once and kept as long as its trace."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

import streamlit as st

from timeline.tiles import Index, build
from timeline.trace import Trace

__all__ = ["index_of"]

_KEPT: WeakKeyDictionary[Trace, Index] = WeakKeyDictionary()
_LOCK = threading.Lock()


def index_of(trace: Trace) -> Index:
    """The index of a trace; sessions that ask at once wait for the one that builds it."""
    found = _KEPT.get(trace)
    if found is not None:
        return found
    with st.spinner("Indexing the trace…"), _LOCK:
        if trace not in _KEPT:
            _KEPT[trace] = build(trace)
        return _KEPT[trace]
