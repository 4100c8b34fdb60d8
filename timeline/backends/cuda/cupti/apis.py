"""Which runtime and driver functions are traced.

Frameworks ask CUDA small questions all the time (``cudaGetDevice``, ``cudaGetLastError``,
``cuCtxGetCurrent``, …). Recording them costs more than the rest together and shows nothing, so by
default only functions are traced that issue work, wait, allocate, load code or make streams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from timeline.backends.cuda.cupti.kinds import ActivityKind, CallbackDomain
from timeline.backends.cuda.cupti.library import Library

__all__ = ["functions", "is_work", "switch", "switch_off"]

_WORK = re.compile(
    r"(cuda|cu)("
    r"Launch|Memcpy|Memset|MemPrefetch|MemDiscard|MemBatch|MemAdvise"
    r"|Malloc|Free|HostAlloc|HostRegister|HostUnregister"
    r"|Mem(Alloc|Free|HostAlloc|HostRegister|HostUnregister|Create|Release|Map|Unmap|SetAccess)"
    r"|MemPool(Create|Destroy|SetAttribute|TrimTo)"
    r"|Stream(Create|Destroy|Synchronize|Wait|Write|BatchMem|AddCallback|AttachMem|Begin|End)"
    r"|Event(Create|Destroy|Record|Synchronize)"
    r"|(Ctx|Device|Thread)(Create|Destroy|Synchronize|Reset|WaitEvent|RecordEvent)"
    r"|DevicePrimaryCtx(Retain|Release|Reset)"
    r"|Graph(Launch|Instantiate|Upload|ExecUpdate|Destroy|ExecDestroy)"
    r"|(Module|Library)(Load|Unload)"
    r"|Signal|WaitExternal|Multicast"
    r")"
)
_LIMITS = {CallbackDomain.DRIVER_API: 1200, CallbackDomain.RUNTIME_API: 800}
_SWITCHES = {
    CallbackDomain.DRIVER_API: "cuptiActivityEnableDriverApi",
    CallbackDomain.RUNTIME_API: "cuptiActivityEnableRuntimeApi",
}

_KINDS = {
    CallbackDomain.DRIVER_API: ActivityKind.DRIVER,
    CallbackDomain.RUNTIME_API: ActivityKind.RUNTIME,
}


def is_work(name: str) -> bool:
    """Whether a function is traced by default."""
    return _WORK.match(name) is not None


def functions(library: Library, domain: CallbackDomain) -> Iterator[tuple[int, str]]:
    """Callback ids of a domain and the functions' names."""
    for callback in range(1, _LIMITS[domain]):
        name = library.callback_name(domain, callback)
        if name is None or name == "INVALID":
            return
        yield callback, name


def switch(library: Library, domain: CallbackDomain, *, work: bool) -> bool:
    """Trace the functions of a domain: all of them, or those that are work.

    The whole kind is switched on and the other functions off: switched on one by one, without their
    kind, functions stay untraced where CUDA was in use before; and switching the kind on again
    brings all of them back (both seen with CUPTI 13.0).

    Returns
    -------
    bool
        False when CUPTI refuses. One before 12.6 can't choose and traces all.
    """
    if library.status("cuptiActivityEnable", int(_KINDS[domain])):
        return False
    function = _SWITCHES[domain]
    if work and library.has(function):
        for callback, name in functions(library, domain):
            if not is_work(name):
                library.status(function, callback, 0)
    return True


def switch_off(library: Library, domain: CallbackDomain) -> None:
    """Trace no function of a domain."""
    library.status("cuptiActivityDisable", int(_KINDS[domain]))
