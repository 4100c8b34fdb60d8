"""Every kernel compiles, without a warning, for three architectures; what the PTX must hold."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.backends.cuda.cubin_cache import CubinCache
from timeline.backends.cuda.nvrtc import compile_kernel
from timeline.program import Arg, Launch, Span, TensorMap
from timeline.techniques import NAMES, technique

nvrtc: Any = pytest.importorskip("cuda.bindings.nvrtc")

FOLDER = Path(__file__).resolve().parents[2] / "kernels"
SOURCES = sorted(path.name for path in FOLDER.glob("*.cu"))
ARCHITECTURES = ("sm_80", "sm_90a", "sm_100")
SIZES = {"b8": 1, "u8": 1, "u32": 4, "f32": 4, "u64": 8, "f64": 8, "b64": 8, "b32": 4}


def call(name: str, *arguments: Any) -> Any:
    status, *values = getattr(nvrtc, name)(*arguments)
    assert not status, f"{name}: {status}"
    return values[0] if values else None


def text(program: Any, what: str) -> str:
    room: bytes = b" " * call(f"nvrtcGet{what}Size", program)
    call(f"nvrtcGet{what}", program, room)
    return room.rstrip(b"\0 \n").decode()


@cache
def compiled(source: str, arch: str, define: str = "", *, verbose: bool = False) -> tuple[str, str]:
    """The compiler's log and its PTX."""
    options = [f"--gpu-architecture={arch}", "--std=c++17", f"-I{FOLDER}"]
    options += [f"-D{define}"] if define else []
    options += ["--ptxas-options=-v"] if verbose else []
    code = (FOLDER / source).read_bytes()
    program = call("nvrtcCreateProgram", code, source.encode(), 0, [], [])
    try:
        status = nvrtc.nvrtcCompileProgram(program, len(options), [o.encode() for o in options])[0]
        log = text(program, "ProgramLog")
        assert not status, log
        return log, text(program, "PTX")
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def body(entry: str, source: str, arch: str = "sm_90a") -> str:
    """The PTX of one entry."""
    _, ptx = compiled(source, arch)
    found = re.search(rf"\.entry {entry}\(.*?^}}", ptx, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0]


def parameters(ptx: str) -> list[int]:
    """Bytes of each parameter of an entry."""
    head = ptx[: ptx.index("{")]
    found = re.findall(r"\.param (?:\.align \d+ )?\.(\w+) \w+(?:\[(\d+)\])?", head)
    return [SIZES[kind] * int(count or 1) for kind, count in found]


def bytes_of(argument: Arg) -> int:
    if isinstance(argument, TensorMap):
        return 128
    return 8 if isinstance(argument, Span) else int(np.asarray(argument).nbytes)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("source", SOURCES)
def test_it_compiles_without_a_warning(source: str, arch: str) -> None:
    log, ptx = compiled(source, arch)
    assert log == ""
    assert ".entry" in ptx


def test_an_entry_goes_under_another_name() -> None:
    assert ".entry ker_A(" in compiled("spin.cu", "sm_90a", "spin=ker_A")[1]


@pytest.mark.parametrize("name", NAMES)
def test_launches_pass_what_the_kernel_takes(name: str) -> None:
    for variant in technique(name).variants:
        for op in technique(name).program(variant.name).ops():
            if isinstance(op, Launch):
                kernel = op.kernel
                given = [bytes_of(argument) for argument in op.args]
                given += [8] if kernel.stamp_roles else []
                assert given == parameters(body(kernel.entry, kernel.source))


@pytest.mark.parametrize("name", NAMES)
def test_the_simulator_is_told_about_as_many_registers(name: str) -> None:
    for op in technique(name).program().ops():
        if isinstance(op, Launch):
            log, _ = compiled(op.kernel.source, "sm_90a", verbose=True)
            used = re.search(
                rf"entry function '{op.kernel.entry}'.*?Used (\d+) reg", log, re.DOTALL
            )
            assert used is not None
            assert abs(int(used[1]) - op.kernel.registers) <= 8
            assert not re.search(r"[1-9]\d* bytes spill", log)


def test_griddepcontrol_where_the_architecture_has_it() -> None:
    for arch, there in (("sm_80", False), ("sm_90a", True), ("sm_100", True)):
        primary = body("primary", "dependent_launch.cu", arch)
        secondary = body("secondary", "dependent_launch.cu", arch)
        assert ("griddepcontrol.launch_dependents" in primary) == there
        assert ("griddepcontrol.wait" in secondary) == there


def test_the_secondary_reads_of_its_primary_only_after_the_wait() -> None:
    ahead, behind = body("secondary", "dependent_launch.cu").split("griddepcontrol.wait")
    assert ahead.count("ld.global") == 1  # its weights
    assert behind.count("ld.global") == 2
    assert "ld.global.nc" not in behind


def test_a_spin_reads_before_it_spins_and_writes_after() -> None:
    ptx = body("spin", "spin.cu")
    stamp, timer, *_ = (m.start() for m in re.finditer("globaltimer", ptx))
    read = ptx.index("ld.global")
    assert stamp < read < timer
    assert timer < ptx.index("bar.sync") < ptx.index("st.global")


def test_a_join_reads_both_before_it_spins() -> None:
    ptx = body("spin_join", "spin.cu")
    stamp, timer, *_ = (m.start() for m in re.finditer("globaltimer", ptx))
    reads = [m.start() for m in re.finditer(r"ld\.global", ptx)]
    assert len(reads) == 2
    assert stamp < min(reads) < max(reads) < timer < ptx.index("st.global")


def test_grids_of_thousands_of_blocks_write_no_stamps() -> None:
    ptx = body("spin_waves", "spin.cu")
    assert ptx.count("st.global") == 1
    assert "%smid" not in ptx


def test_a_copy_has_four_wide_loads_in_flight() -> None:
    ptx = body("stream_copy", "stream_copy.cu")
    order = re.findall(r"(ld|st)\.global\.cs\.v4", ptx)
    assert order[:8] == ["ld"] * 4 + ["st"] * 4


def test_the_chain_of_fmas_is_kept() -> None:
    ptx = body("elementwise", "elementwise.cu")
    assert ptx.count("fma.rn.f32") >= 4 * 16
    assert "ld.global.nc.v4" in ptx
    assert "st.global.v4" in ptx


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("source", ["warp_specialized", "warp_specialized_two_pipelines"])
def test_tiles_are_loaded_asynchronously_and_handed_over_by_barriers(
    source: str, arch: str
) -> None:
    ptx = body(source, f"{source}.cu", arch)
    assert "cp.async.cg.shared.global" in ptx  # 16 bytes
    assert "cp.async.ca.shared.global" in ptx  # 4, where memory is not aligned
    assert "cp.async.mbarrier.arrive.noinc" in ptx
    assert ("mbarrier.try_wait" in ptx) == (arch != "sm_80")
    assert "st.global.cs.v4" in ptx
    assert ptx.count("bar.sync") == 1  # once the barriers are there, no role waits for all others


@pytest.mark.parametrize("name", NAMES)
def test_kernels_compile_as_they_are_launched(name: str, tmp_path: Path) -> None:
    variants = technique(name).variants
    ops = (op for v in variants for op in technique(name).program(v.name).ops())
    for kernel in {op.kernel for op in ops if isinstance(op, Launch)}:
        assert compile_kernel(kernel, "sm_90a", cache=CubinCache(tmp_path))


def test_a_warp_loads_and_warpgroups_multiply_on_hopper_alone() -> None:
    for entry, multicast in (("gemm_wgmma", 0), ("gemm_cluster", 2)):
        ptx = body(entry, "gemm_wgmma.cu")
        loads = re.findall(r"cp\.async\.bulk\.tensor\.2d\.shared::cluster\S+", ptx)
        assert len(loads) == 4  # of A and of B, ahead of the ring and in it
        assert sum("multicast::cluster" in load for load in loads) == multicast
        assert ptx.count("wgmma.mma_async") == 4  # 64 terms, 16 at a time
        assert "wgmma.wait_group.sync.aligned 1;" in ptx
        assert "wgmma.mma_async" not in body(entry, "gemm_wgmma.cu", "sm_100")


def test_weights_are_loaded_before_the_wait_for_the_primary() -> None:
    ptx = body("gemm_cluster", "gemm_wgmma.cu")
    wait = ptx.index("griddepcontrol.wait", ptx.index("multicast::cluster"))
    first = ptx.index("cp.async.bulk.tensor.2d")
    assert "multicast" in ptx[first : first + 120]
    assert first < wait < ptx.index("cp.async.bulk.tensor.2d", first + 1)


def test_dependents_are_launched_between_the_meeting_of_the_cluster_and_the_stores() -> None:
    ptx = body("gemm_cluster", "gemm_wgmma.cu")
    late = ptx.rindex("griddepcontrol.launch_dependents")
    assert ptx.rindex("barrier.cluster.wait", 0, late) > ptx.rindex("wgmma.wait_group", 0, late)
    assert "st.global.v4" in ptx[late:]


def test_the_portable_product_uses_tensor_cores_everywhere() -> None:
    for arch in ARCHITECTURES:
        ptx = body("gemm_tiled", "gemm_tiled.cu", arch)
        assert ptx.count("mma.sync.aligned.m16n8k16") == 4 * 4 * 4
        assert "ldmatrix.sync.aligned.m8n8.x4" in ptx


def test_blocks_of_a_cluster_read_their_leaders_memory() -> None:
    ptx = body("tile_per_cluster", "cluster_dsmem.cu")
    assert ptx.count("cp.async.bulk.tensor.2d") == 1
    assert "ld.shared::cluster.v4.f32" in ptx
    assert "st.shared::cluster.v4.f32" in ptx
    assert "ld.global.v4" not in ptx
    assert ptx.count("barrier.cluster.wait") == 2


def test_blocks_of_a_cluster_exchange_what_they_summed() -> None:
    ptx = body("tile_by_shares", "cluster_shares.cu")
    assert ptx.count("cp.async.bulk.tensor.2d") == 4
    assert "cp.async.bulk.shared::cluster.shared::cta" in ptx
    assert "ld.shared::cluster" not in ptx
    assert "ld.global.v4" not in ptx
    assert ptx.count("barrier.cluster.wait") == 2
