"""Kernels on file and kernels as data: each has the other."""

import re
from pathlib import Path

import pytest

from timeline.program import Kernel, Launch
from timeline.techniques import NAMES, technique

FOLDER = Path(__file__).resolve().parents[2] / "kernels"
BOUNDS = r"(?:__launch_bounds__\([^)]*\)\s+)?"
ENTRY = re.compile(rf'extern "C" __global__ void {BOUNDS}(\w+)\(')


def used() -> list[Kernel]:
    programs = (technique(n).program(v.name) for n in NAMES for v in technique(n).variants)
    launches = [op for p in programs for op in p.ops() if isinstance(op, Launch)]
    found = {each.kernel for op in launches for each in (op, op.instead) if each is not None}
    return sorted(found, key=lambda kernel: kernel.name)


def entries(source: str) -> list[str]:
    return ENTRY.findall((FOLDER / source).read_text(encoding="utf-8"))


def on_file() -> set[tuple[str, str]]:
    return {(path.name, entry) for path in FOLDER.glob("*.cu") for entry in entries(path.name)}


def test_every_entry_is_launched_and_every_kernel_has_its_entry() -> None:
    assert {(kernel.source, kernel.entry) for kernel in used()} == on_file()


def test_names_tell_kernels_apart() -> None:
    names = [kernel.name for kernel in used()]
    assert len(set(names)) == len(names)


def test_the_table_lists_every_entry() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+\.cu)` \| `(\w+)` \|", text, re.MULTILINE))
    assert rows == on_file()


def test_kernels_is_no_package() -> None:
    assert not list(FOLDER.rglob("*.py"))


@pytest.mark.parametrize("kernel", used(), ids=lambda kernel: kernel.name)
def test_stamps_come_last(kernel: Kernel) -> None:
    text = (FOLDER / kernel.source).read_text(encoding="utf-8")
    found = re.search(rf"void {BOUNDS}{kernel.entry}\((.*?)\) {{", text, re.DOTALL)
    assert found is not None
    assert found[1].endswith("Stamp* stamps") == bool(kernel.stamp_roles)


@pytest.mark.parametrize("kernel", used(), ids=lambda kernel: kernel.name)
def test_roles_are_numbered_as_the_kernel_numbers_them(kernel: Kernel) -> None:
    text = (FOLDER / kernel.source).read_text(encoding="utf-8")
    begin = re.search(rf"void {BOUNDS}{kernel.entry}\(", text)
    assert begin is not None
    body = text[begin.start() :]
    roles = re.compile(r"enum (?:\w+ )?: u32 {(.*?), ROLES}")  # its own, or those of the file
    found = (roles.search(t.replace("{ ", "{").replace(" }", "}")) for t in (body, text))
    enum = next((match for match in found if match), None)
    if enum is None:
        assert len(kernel.stamp_roles) <= 1
    else:
        assert tuple(enum[1].lower().split(", ")) == kernel.stamp_roles
