"""What is built is the tree: every module, kernel and data file, however it is installed."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SOURCES = ("timeline", "kernels")
FILES = ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def tree_files() -> dict[str, bytes]:
    """Files of the import package as they should be installed, by installed path."""
    found = {}
    for top, installed in (("timeline", "timeline"), ("kernels", "timeline/kernels")):
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                relative = path.relative_to(ROOT / top).as_posix()
                found[f"{installed}/{relative}"] = path.read_bytes()
    return found


def python(*args: str, at: Path, interpreter: str = sys.executable, path: str = "") -> str:
    """What ``python args`` prints when run in a folder, without this checkout on its path."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    if path:
        environment["PYTHONPATH"] = path
    done = subprocess.run(
        [interpreter, *args], cwd=at, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(what: str, source: Path) -> Path:
    """Let the build backend make a wheel, an sdist or an editable wheel from ``source``."""
    code = f"import setuptools.build_meta as b; print(b.build_{what}('dist'))"
    (source / "dist").mkdir(exist_ok=True)
    name = python("-W", "ignore", "-c", code, at=source).split()[-1]
    return source / "dist" / name


def safely() -> dict[str, Any]:
    """The filter for archives, where this Python has it (3.11.4 and later)."""
    return {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def clean_python(folder: Path, wheel: Path) -> tuple[Path, Path]:
    """A virtual environment that holds the wheel alone: its interpreter and its ``timeline``."""
    venv.create(folder, with_pip=False, symlinks=True)
    interpreter = folder / "bin" / "python"
    install = ("-m", "pip", "--python", str(interpreter), "install", "--quiet", "--no-deps")
    python(*install, "--no-index", str(wheel), at=folder)
    (library,) = folder.glob("lib/python*/site-packages")
    # what timeline needs comes last, so that its own way of being installed decides
    (library / "zz_dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return interpreter, folder / "bin" / "timeline"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a build reads, so that building leaves nothing in this checkout."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> Path:
    return build("wheel", checkout)


def wheel_files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {n: archive.read(n) for n in archive.namelist() if ".dist-info/" not in n}


def test_package_list_equals_the_tree() -> None:
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "timeline").rglob("*.py")}
    expected = {".".join(folder.parts) for folder in folders} | {"timeline.kernels"}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == expected


def test_every_package_has_its_init() -> None:
    folders = {path.parent for path in (ROOT / "timeline").rglob("*.py")}
    assert [f for f in sorted(folders) if not (f / "__init__.py").is_file()] == []


def test_kernels_is_no_package_at_the_top() -> None:
    """Another distribution is imported as ``kernels``; an ``__init__.py`` here would shadow it."""
    assert list((ROOT / "kernels").rglob("*.py")) == []


def test_wheel_holds_the_tree_and_nothing_else(wheel: Path) -> None:
    built, tree = wheel_files(wheel), tree_files()
    assert built.keys() == tree.keys()
    assert [name for name in tree if built[name] != tree[name]] == []


def test_wheel_holds_every_kernel(wheel: Path) -> None:
    kernels = {p.name for p in (ROOT / "kernels").iterdir() if p.suffix in (".cu", ".cuh")}
    built = {name.removeprefix("timeline/kernels/") for name in wheel_files(wheel)}
    assert kernels
    assert kernels <= built


def test_sdist_builds_the_same_wheel(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(build("sdist", checkout), tmp_path, **safely())
    (source,) = tmp_path.iterdir()
    assert wheel_files(build("wheel", source)) == wheel_files(wheel)


def test_installed_command_answers(wheel: Path, tmp_path: Path) -> None:
    interpreter, command = clean_python(tmp_path / "venv", wheel)
    version = python(str(command), "--version", at=tmp_path, interpreter=str(interpreter))
    assert version == f"timeline {python_version(interpreter, tmp_path)}\n"
    assert "techniques" in python(
        "-m", "timeline", "--help", at=tmp_path, interpreter=str(interpreter)
    )


def python_version(interpreter: Path, at: Path) -> str:
    code = "from importlib.metadata import version; print(version('cuda-timeline'), end='')"
    return python("-c", code, at=at, interpreter=str(interpreter))


@pytest.mark.parametrize("way", ["wheel", "editable", "checkout"])
def test_kernels_are_found(way: str, checkout: Path, wheel: Path, tmp_path: Path) -> None:
    """However it is there: installed, editable, or not installed at all."""
    interpreter, path = sys.executable, ""
    home = checkout / "kernels"
    if way == "checkout":
        path = str(checkout)
    else:
        built = wheel if way == "wheel" else build("editable", checkout)
        executable, _ = clean_python(tmp_path / "venv", built)
        interpreter = str(executable)
        if way == "wheel":
            (library,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
            home = library / "timeline" / "kernels"
    code = (
        "from timeline.backends.cuda.kernel_source import kernels_folder as f; print(f(), end='')"
    )
    found = python("-c", code, at=tmp_path, interpreter=interpreter, path=path)
    assert Path(found) == home


def test_sdist_has_no_tests(checkout: Path) -> None:
    """Without their data and helpers they would only fail."""
    for name in ("tests", "samples"):
        (checkout / name).mkdir(exist_ok=True)
        (checkout / name / "test_it.py").write_text("")
    with tarfile.open(build("sdist", checkout)) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert tops & {"tests", "samples", "tools", "benchmarks"} == set()
    assert {"timeline", "kernels", "LICENSE"} <= tops


def test_entry_points_lead_somewhere(wheel: Path, tmp_path: Path) -> None:
    interpreter, _ = clean_python(tmp_path / "venv", wheel)
    code = (
        "from importlib.metadata import distribution\n"
        "for e in distribution('cuda-timeline').entry_points: e.load(); print(e.group, e.name)"
    )
    said = python("-c", code, at=tmp_path, interpreter=str(interpreter))
    assert said.split("\n")[:2] == ["console_scripts timeline", "pytest11 timeline"]


def test_submodules_of_pyarrow_are_imported_by_who_uses_them() -> None:
    """``pyarrow.compute`` is no name of ``pyarrow`` until somebody has imported it."""
    used = re.compile(r"\bpa\.(compute|csv|dataset|fs|json|parquet)\b")
    assert [p for p in (ROOT / "timeline").rglob("*.py") if used.search(p.read_text())] == []
