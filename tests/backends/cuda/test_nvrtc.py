"""NVRTC compiles without a GPU: names, options, errors, cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from timeline.backends.cuda import nvrtc
from timeline.backends.cuda.cubin_cache import CubinCache
from timeline.backends.cuda.kernel_source import include_closure, kernels_folder
from timeline.backends.cuda.nvrtc import architecture, compile_kernel, symbol_of
from timeline.errors import ProgramError, UnavailableError
from timeline.program import Kernel

pytest.importorskip("cuda.bindings")

SOURCE = """
#include "part.cuh"
extern "C" __global__ void entry(float* data) { data[threadIdx.x] = VALUE + FACTOR; }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "simple.cu").write_text(SOURCE)
    (tmp_path / "part.cuh").write_text("#define VALUE 1.0f\n")
    return tmp_path


def kernel(name: str = "entry", **changes: object) -> Kernel:
    fields = {"source": "simple.cu", "entry": "entry", "defines": ("FACTOR=2.0f",), **changes}
    return Kernel(name, **fields)  # type: ignore[arg-type]


def test_the_function_has_the_kernels_own_name(folder: Path, tmp_path: Path) -> None:
    cache = CubinCache(tmp_path / "cache")
    cubin = compile_kernel(kernel("ker_1"), "sm_90a", folder=folder, cache=cache)
    assert cubin.startswith(b"\x7fELF")
    assert b".text.ker_1\0" in cubin
    assert b".text.entry\0" not in cubin


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("ker_1", "ker_1"), ("layer 3 (fwd)", "layer_3__fwd_"), ("3rd", "_3rd")],
)
def test_a_name_that_cpp_cannot_have_is_spelt(name: str, symbol: str) -> None:
    assert symbol_of(kernel(name)) == symbol


def test_the_cache_is_used_until_an_include_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, compiled = CubinCache(tmp_path / "cache"), []
    real = nvrtc.compile_text

    def counting(*arguments: object) -> bytes:
        compiled.append(1)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(nvrtc, "compile_text", counting)
    for _ in range(2):
        compile_kernel(kernel(), "sm_90a", folder=folder, cache=cache)
    assert len(compiled) == 1
    (folder / "part.cuh").write_text("#define VALUE 3.0f\n")
    compile_kernel(kernel(), "sm_90a", folder=folder, cache=cache)
    compile_kernel(kernel(), "sm_80", folder=folder, cache=cache)
    compile_kernel(kernel(defines=("FACTOR=4.0f",)), "sm_90a", folder=folder, cache=cache)
    assert len(compiled) == 4


def test_a_source_that_does_not_compile_names_its_first_error(folder: Path) -> None:
    (folder / "simple.cu").write_text(SOURCE.replace("VALUE", "VALEU"))
    with pytest.raises(ProgramError, match=r"simple.cu does not compile: .*VALEU.* undefined"):
        compile_kernel(kernel(), "sm_90a", folder=folder, cache=CubinCache(folder / "c"))


def test_a_missing_source_is_named(folder: Path) -> None:
    with pytest.raises(UnavailableError, match=r"no kernel source 'gone.cu'"):
        compile_kernel(kernel(source="gone.cu"), "sm_90a", folder=folder)


def test_architectures() -> None:
    assert architecture((9, 0)) == "sm_90a"
    assert architecture((8, 9)) == "sm_89"
    assert architecture((10, 0)) == "sm_100a"


def test_includes_are_followed_and_cycles_end(tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text('#include "b.cuh"\n  #  include "c.cuh"\n#include <cuda.h>\n')
    (tmp_path / "b.cuh").write_text('#include "c.cuh"\n')
    (tmp_path / "c.cuh").write_text(
        '#include "b.cuh"\n// #include is only followed when it is one\n'
    )
    assert set(include_closure(tmp_path, "a.cu")) == {"a.cu", "b.cuh", "c.cuh"}


def test_kernels_are_found_in_the_package_then_beside_it(tmp_path: Path) -> None:
    package = tmp_path / "timeline"
    inside, beside = package / "kernels", tmp_path / "kernels"
    for place in (inside, beside):
        place.mkdir(parents=True)
    with pytest.raises(UnavailableError, match=r"no kernels found .*common\.cuh"):
        kernels_folder(package)
    (beside / "common.cuh").write_text("")
    assert kernels_folder(package) == beside
    (inside / "common.cuh").write_text("")
    assert kernels_folder(package) == inside


TILED = """
#include "common.cuh"
static_assert(STAMP_TILES == 3 && STAMP_BLOCKS == 7, "as the host has it");
extern "C" __global__ void entry(u32 tiles, Stamp* stamps) {
    TileStamps spans(stamps, 2, threadIdx.x / 32, threadIdx.x % 32 == 0);
    for (u32 tile = 0; tile < tiles; ++tile) spans.end(spans.begin(), tile);
    spans.close();
}
"""


def test_a_kernel_knows_how_much_memory_its_stamps_have(tmp_path: Path) -> None:
    common = (kernels_folder() / "common.cuh").read_text(encoding="utf-8")
    (tmp_path / "common.cuh").write_text(common)
    (tmp_path / "simple.cu").write_text(TILED)
    cache = CubinCache(tmp_path / "cache")
    stamped: Any = {"stamp_roles": ("loader", "compute"), "stamp_tiles": 3, "stamp_blocks": 7}
    for arch in ("sm_80", "sm_90a", "sm_100"):
        assert compile_kernel(kernel(**stamped), arch, folder=tmp_path, cache=cache)
