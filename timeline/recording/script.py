"""Running a script as Python would, inside this process."""

from __future__ import annotations

import runpy
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from timeline.errors import UsageError
from timeline.recording.signals import Terminated

__all__ = ["INTERRUPTED", "Ending", "Whole", "checked", "run"]

INTERRUPTED = 130
_OWN_FILES = frozenset((__file__, runpy.__file__, "<frozen runpy>"))


class Whole:
    """The recording of this whole process, by the folder of its trace; None without one."""

    out: str | None = None

    @classmethod
    def said(cls) -> str:
        """What to say of a recording inside it."""
        return f"the whole script is recorded already; this part of it is in {cls.out}"


class Ending(NamedTuple):
    """How a script ended: its exit code, and whether Ctrl-C or SIGTERM ended it."""

    code: int
    interrupted: bool = False


def checked(argv: Sequence[str], *, module: bool) -> None:
    """Refuse what Python could not start, before anything is recorded.

    Raises
    ------
    UsageError
        When there is no such script or module.
    """
    if not argv:
        raise UsageError("no script to run; name one, or a module after -m")
    if module:
        with _path(_working_folder()):
            found = _module_exists(argv[0])
        if not found:
            raise UsageError(f"no module named {argv[0]!r}; run it with -m from its folder")
    elif not Path(argv[0]).exists():
        raise UsageError(f"{argv[0]}: no such script")


def _module_exists(name: str) -> bool:
    import importlib.util

    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def run(argv: Sequence[str], *, module: bool) -> Ending:
    """Run a script, a folder or zip with a ``__main__.py``, or a module; return how it ended.

    ``sys.argv``, ``sys.path[0]`` and ``__main__`` are what Python makes them, and stay so for code
    that runs later, such as exit handlers. The traceback of an error is printed as Python prints
    it, without the frames of this package. Threads that Python would wait for are waited for, but
    not after Ctrl-C or SIGTERM: the trace is then due.
    """
    target = Path(argv[0])
    if module:
        folder = _working_folder()
        body: Callable[[], object] = lambda: runpy.run_module(  # noqa: E731
            argv[0], run_name="__main__", alter_sys=True
        )
    elif target.is_file() and target.suffix not in (".zip", ".pyz"):
        folder = str(target.resolve().parent)
        body = lambda: _run_file(argv[0])  # noqa: E731
    else:
        folder = str(target)
        body = lambda: runpy.run_path(argv[0], run_name="__main__")  # noqa: E731
    sys.argv = list(argv)
    if not sys.flags.safe_path:
        sys.path[:1] = [folder]
    return _ending(body)


def _working_folder() -> str:
    return str(Path.cwd())


@contextmanager
def _path(folder: str) -> Iterator[None]:
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _run_file(path: str) -> None:
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__dict__["__builtins__"] = __builtins__
    main.__dict__["__cached__"] = None
    code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


def _ending(body: Callable[[], object]) -> Ending:
    try:
        code = _exit_code(body)
        _wait_for_threads()
    except Terminated as error:
        return Ending(error.number, interrupted=True)
    except KeyboardInterrupt as error:
        _show(error)
        return Ending(INTERRUPTED, interrupted=True)
    return Ending(code)


def _exit_code(body: Callable[[], object]) -> int:
    try:
        body()
    except (KeyboardInterrupt, Terminated):
        raise
    except SystemExit as error:
        return _code_of(error)
    except BaseException as error:
        _show(error)
        return 1
    return 0


def _code_of(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _wait_for_threads() -> None:
    """As Python does before it ends."""
    here = threading.current_thread()
    for thread in threading.enumerate():
        if thread is not here and not thread.daemon:
            thread.join()


def _show(error: BaseException) -> None:
    """Print ``error`` as Python does, from the script's first frame on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename in _OWN_FILES:
        frames = frames.tb_next
    error = error.with_traceback(frames)
    try:
        sys.excepthook(type(error), error, frames)
    except Exception:
        traceback.print_exception(type(error), error, frames)
    sys.stderr.flush()
