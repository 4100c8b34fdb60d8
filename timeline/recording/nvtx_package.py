"""Seeing every range of the ``nvtx`` package, whatever its version and when it was imported.

From 0.2.12 on, nvtx asks for each domain whether a tool listens and, if not, does nothing with it
for the rest of the process. So its Python side is hooked, in place, to reach what other modules
imported from it before: methods of its classes, the code of its functions, and the functions of its
extension module that it has bound. A hook gives the range to the log of the running recording and
leaves NVTX out of it, so that it can't come a second time from CUPTI; without a recording it does
what it did. Hooks stay once they are in.

What nvtx itself has thrown away can't be seen: a function that was decorated before the first hook,
with no tool listening, is the bare function. :func:`hook` before that import helps.
"""

from __future__ import annotations

import importlib
import importlib.util

from timeline.recording.nvtx_domains import hook_domains
from timeline.recording.nvtx_functions import hook_functions
from timeline.recording.nvtx_words import Current, Words
from timeline.recording.range_log import RangeLog

__all__ = ["hook", "listen"]

_HOOKED = "_timeline_hooked"


def listen(log: RangeLog) -> bool:
    """Give ``log`` every range from now on, until it is closed.

    Returns
    -------
    bool
        False where nvtx is not installed, or switched off by ``NVTX_DISABLE``.
    """
    found = hook()
    Current.log = log
    return found


def hook() -> bool:
    """Put the hooks in, once; returns as :func:`listen` does."""
    if importlib.util.find_spec("nvtx") is None:
        return False
    package = importlib.import_module("nvtx")
    module = importlib.import_module("nvtx.nvtx")
    if not module.enabled():
        return False
    if not hasattr(module, _HOOKED):
        words = Words(importlib.import_module("nvtx.colors").color_to_hex)
        setattr(module, _HOOKED, True)
        hook_functions(module, words)
        hook_domains(package, module, words)
    return True
