"""Kernels to cubins with NVRTC, for the architecture of a device; no GPU is needed for it."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from timeline.backends.cuda.cubin_cache import CubinCache, key_of
from timeline.backends.cuda.kernel_source import include_closure, kernels_folder
from timeline.errors import MissingExtraError, ProgramError, UnavailableError
from timeline.program import Kernel

__all__ = ["architecture", "compile_kernel", "compile_text", "nvrtc_version", "symbol_of"]

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


def architecture(capability: tuple[int, int]) -> str:
    """``sm_XY``; with the suffix ``a`` from Hopper on, for wgmma, TMA and the like."""
    major, minor = capability
    return f"sm_{major}{minor}{'a' if major >= 9 else ''}"


def symbol_of(kernel: Kernel) -> str:
    """Name of the compiled function: the kernel's own, so that every profiler shows it.

    One entry point may go under several names, and a timeline lists what the driver reports; so
    the entry is compiled under the kernel's name. A name that C++ can't have is spelt with
    underscores.
    """
    if _IDENTIFIER.match(kernel.name):
        return kernel.name
    spelt = re.sub(r"\W", "_", kernel.name)
    return spelt if _IDENTIFIER.match(spelt) else f"_{spelt}"


def compile_kernel(
    kernel: Kernel,
    arch: str,
    *,
    folder: Path | None = None,
    cache: CubinCache | None = None,
) -> bytes:
    """Compile a kernel, or take it from the cache.

    Parameters
    ----------
    arch : str
        As :func:`architecture` makes it.
    folder : Path, optional
        Where its source is; by default ``kernels/``.

    Returns
    -------
    bytes
        A cubin that holds the function :func:`symbol_of`.

    Raises
    ------
    ProgramError
        With the compiler's first error, when the source does not compile.
    """
    home = folder or kernels_folder()
    sources = include_closure(home, kernel.source)
    options = [f"--gpu-architecture={arch}", "--std=c++17", f"-I{home}"]
    options += [f"-I{place}" for place in cuda_includes()]
    options += [f"-D{define}" for define in (*kernel.defines, *_stamp_defines(kernel))]
    if symbol_of(kernel) != kernel.entry:
        options.append(f"-D{kernel.entry}={symbol_of(kernel)}")
    named = [option for option in options if not option.startswith("-I")]

    def compile_it() -> bytes:
        return compile_text(sources[kernel.source], kernel.source, options)

    return (cache or CubinCache()).cubin(key_of(sources, named, nvrtc_version()), compile_it)


def _stamp_defines(kernel: Kernel) -> list[str]:
    """What ``kernels/common.cuh`` must know of the memory for stamps."""
    defines = [f"STAMP_TILES={kernel.stamp_tiles}"] if kernel.stamp_tiles > 1 else []
    return defines + ([f"STAMP_BLOCKS={kernel.stamp_blocks}"] if kernel.stamp_blocks else [])


def compile_text(source: bytes, name: str, options: Sequence[str]) -> bytes:
    """Compile CUDA C++ to a cubin; ``name`` stands in the messages."""
    nvrtc = _nvrtc()
    program = _check(nvrtc, nvrtc.nvrtcCreateProgram(source, name.encode(), 0, [], []), name)
    try:
        arguments = [option.encode() for option in options]
        status = nvrtc.nvrtcCompileProgram(program, len(arguments), arguments)[0]
        if status:
            raise ProgramError(f"{name} does not compile: {_first_error(nvrtc, program, name)}")
        cubin = b" " * _check(nvrtc, nvrtc.nvrtcGetCUBINSize(program), name)
        _check(nvrtc, nvrtc.nvrtcGetCUBIN(program, cubin), name)
        return bytes(cubin)
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def _first_error(nvrtc: Any, program: Any, name: str) -> str:
    log = b" " * _check(nvrtc, nvrtc.nvrtcGetProgramLogSize(program), name)
    _check(nvrtc, nvrtc.nvrtcGetProgramLog(program, log), name)
    text = bytes(log).rstrip(b"\0 \n").decode(errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    errors = [line for line in lines if "error" in line]
    return (errors or lines or ["NVRTC says nothing"])[0]


def _check(nvrtc: Any, result: tuple[Any, ...], name: str) -> Any:
    status, *values = result
    if status:
        raise UnavailableError(f"{name}: NVRTC answered {getattr(status, 'name', status)}")
    return values[0] if values else None


@cache
def nvrtc_version() -> str:
    """Version of the NVRTC library, such as ``13.0``."""
    nvrtc = _nvrtc()
    major, minor = nvrtc.nvrtcVersion()[1:]
    return f"{int(major)}.{int(minor)}"


def _nvrtc() -> Any:
    try:
        from cuda.bindings import nvrtc
    except ImportError:
        raise MissingExtraError("cuda.bindings", "cuda13") from None
    try:
        nvrtc.nvrtcVersion()
    except (RuntimeError, OSError):
        raise MissingExtraError("the NVRTC library", "cuda13") from None
    return nvrtc


@cache
def cuda_includes() -> tuple[Path, ...]:
    """Folders with CUDA's headers: of the nvidia wheels, then of an installed toolkit."""
    roots: list[Path] = []
    spec = importlib.util.find_spec("nvidia")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        roots += sorted(Path(place).glob("*/include"))
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        if os.environ.get(variable):
            roots.append(Path(os.environ[variable]) / "include")
    roots.append(Path("/usr/local/cuda/include"))
    found = [r for r in roots if (r / "cuda_runtime.h").is_file()]
    extra = [r / "cccl" for r in found if (r / "cccl").is_dir()]
    return tuple(dict.fromkeys([*extra, *found]))
