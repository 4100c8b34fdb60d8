"""Recording the Python processes that a recorded script starts, each in a trace of its own.

Variables of the environment tell them so, and where: :mod:`timeline.recording.child_site` is put
on their path, whose ``sitecustomize`` calls :func:`watch`. A process that imports none of
:data:`GPU_LIBRARIES` is not recorded and pays next to nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timeline.recording.keeping import Keeping

__all__ = ["GPU_LIBRARIES", "announced", "watch"]

GPU_LIBRARIES = frozenset(
    ("cupy", "torch", "jax", "tensorflow", "numba.cuda", "cuda", "pycuda", "cudf", "warp", "triton")
)
"""Modules before whose import a child's recording begins."""

ROOT = "TIMELINE_CHILDREN_OF"
EVERY = "TIMELINE_EVERY"
MOST = "TIMELINE_MAX_SIZE"
_SITE = str(Path(__file__).parent / "child_site")


@contextmanager
def announced(out: str | os.PathLike[str], keeping: Keeping) -> Iterator[None]:
    """While this lasts, processes that are started are recorded beside ``out``."""
    path = os.environ.get("PYTHONPATH")
    told = {
        ROOT: str(Path(out).resolve()),
        EVERY: str(keeping.every_s),
        MOST: str(keeping.max_bytes or ""),
        "PYTHONPATH": os.pathsep.join([_SITE, path] if path else [_SITE]),
    }
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def watch() -> None:
    """Record this process from its first import of a GPU library on, if it was told to."""
    if os.environ.get(ROOT):
        sys.meta_path.insert(0, _Watcher())


class _Watcher:
    """Sees every import and finds none."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        """Begin before the first GPU library."""
        if name in GPU_LIBRARIES and self in sys.meta_path:
            sys.meta_path.remove(self)
            try:
                _record(os.environ)
            except Exception as error:  # the process goes on, whatever becomes of its trace
                print(f"timeline: process {os.getpid()} is not recorded: {error}", file=sys.stderr)


def _record(environment: Any) -> None:
    from timeline.backends.cuda.cupti import CuptiCollector
    from timeline.errors import CuptiError
    from timeline.recording.forks import at_end
    from timeline.recording.host_only import HostOnly
    from timeline.recording.keeping import Keeping
    from timeline.recording.recorder import LiveCollector, Recorder
    from timeline.recording.script import Whole
    from timeline.trace.children import child_folder

    root = Path(environment[ROOT])
    out = child_folder(root, os.getpid())
    keeping = Keeping.of(environment.get(MOST) or None, float(environment[EVERY]))

    def started(collector: LiveCollector, *notes: str) -> Recorder:
        recorder = Recorder(
            out,
            collector,
            sys.argv,
            keeping=keeping,
            lazy=True,
            root=root,
            notes=notes,
        )
        recorder.start()
        return recorder

    try:
        recorder = started(CuptiCollector(host_functions=True))
    except CuptiError as error:
        recorder = started(HostOnly(), f"Only NVTX ranges were recorded: {error}.")
    Whole.out = str(out)
    at_end(recorder)
