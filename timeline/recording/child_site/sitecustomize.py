"""Python imports this when it starts, in the children of a recorded script.

It takes its folder off the path again, lets the module of this name run that it hid, and has the
process recorded once that imports a GPU library.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os.path
import sys


def run_hidden() -> None:
    """Run the ``sitecustomize`` that this one stands before, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib takes long
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec(__name__, sys.path)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules[__name__] = module
        spec.loader.exec_module(module)


def find_timeline() -> None:
    """Where it is not installed, it is the one whose part this is."""
    if importlib.util.find_spec("timeline") is None:
        sys.path.append(os.path.abspath(os.path.join(__file__, *[os.pardir] * 4)))  # noqa: PTH100, PTH118


if __name__ == "sitecustomize":
    run_hidden()
    find_timeline()
    try:
        from timeline.recording.children import watch
    except ImportError:  # another Python, which has no timeline
        pass
    else:
        watch()
