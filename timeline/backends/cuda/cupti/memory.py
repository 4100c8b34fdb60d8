"""Reading text at an address that another library owns, and may have freed."""

from __future__ import annotations

import ctypes
import mmap
import os

__all__ = ["text_at"]

_LIMIT = 1 << 16  # C++ kernel names of several kilobytes are common
_SELF = "/proc/self/mem"


def text_at(address: int) -> str | None:
    """The C string at ``address``; None where no memory is mapped any more.

    The kernel reads, page by page, so that a stale address is an error and not a crash.
    """
    try:
        memory = os.open(_SELF, os.O_RDONLY)
    except OSError:  # a sandbox without /proc
        return ctypes.string_at(address).decode("utf-8", "replace")
    try:
        found = b""
        while len(found) < _LIMIT:
            at = address + len(found)
            found += os.pread(memory, mmap.PAGESIZE - at % mmap.PAGESIZE, at)
            if b"\0" in found or not found:
                break
    except OSError:
        return None
    finally:
        os.close(memory)
    return found.partition(b"\0")[0].decode("utf-8", "replace")
