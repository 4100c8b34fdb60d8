"""Imports go one way, and each heavy dependency stays in its place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import timeline

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "timeline"

LAYERS = (
    {"text"},
    {"errors"},
    {"limits"},
    {"program", "intervals", "trace"},
    {"engines"},
    {"backends", "formats", "analysis", "techniques"},
    {"whatif", "calibration"},
    {"findings"},
    {"figures", "report", "recording", "query", "tiles"},
    {"doctor", "record", "ranks", "samples", "check"},
    {"claims"},
    {"ui"},
    {"cli", "pytest_plugin"},
    {"live"},
    {"__main__"},
)
"""A part may import itself and what lies in a lower layer; never a neighbour in its own."""

ONLY = {"techniques": {"errors", "program"}}
"""Parts that may import less than what lies below them."""

FREE = {"timeline", "timeline.__version__"}
"""What every part may import. The public names of ``timeline`` reach every part, so none may."""

HOMES = {
    "cupy": {"timeline.live"},
    "cuda": {"timeline.backends.cuda"},
    "cupti": set[str](),
    "plotly": {"timeline.figures"},
    "streamlit": {"timeline.ui"},
    "torch": {"timeline.live"},
    "nixl": {"timeline.live"},
    "argcomplete": {"timeline.cli"},
    "rich": {"timeline.report", "timeline.cli", "timeline.ranks"},
    "pandas": {"timeline.ui"},
    "distributed": {"timeline.ranks"},
    "fsspec": {"timeline.ranks"},
    "duckdb": {"timeline.query"},
    "nvtx": {"timeline.backends.cuda", "timeline.live", "timeline.record", "timeline.recording"},
}
"""The only packages that may import each of these."""

FACE = {f"timeline.{name}" for name in timeline.__all__}

RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Runtime(ast.NodeTransformer):
    """Takes out what only type checkers run."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def imports(path: Path, *, runtime: bool = False) -> Iterator[tuple[str, int]]:
    """Every module that ``path`` imports, at its top or inside a function, and the line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(Runtime().visit(tree) if runtime else tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            if node.module == "timeline":  # its names are parts, or the public face
                yield from ((f"timeline.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield str(node.module), node.lineno
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in FACE:
            yield ast.unparse(node), node.lineno


def part_of(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


@pytest.mark.parametrize("path", [p for p in modules() if dotted(p) != "timeline"], ids=dotted)
def test_imports_go_one_way(path: Path) -> None:
    part = part_of(dotted(path))
    assert part in RANK, f"give {part} a layer in {Path(__file__).name}"
    below = {p for p, rank in RANK.items() if rank < RANK[part]}
    allowed = ONLY.get(part, below) | {part}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for module, line in imports(path)
        if module.split(".")[0] == "timeline"
        and module not in FREE
        and part_of(module) not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def at_home(here: str, package: str) -> bool:
    homes = HOMES.get(package)
    return homes is None or any(f"{here}.".startswith(f"{home}.") for home in homes)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_heavy_dependencies_stay_in_their_place(path: Path) -> None:
    here = dotted(path)
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for module, line in imports(path, runtime=True)
        if not at_home(here, module.split(".")[0])
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_the_live_scripts() -> None:
    """They import frameworks; only the interpreter starts them, in a process of their own."""
    wrong = [
        f"{dotted(path)} imports {module}"
        for path in modules()
        for module, _ in imports(path)
        if module.startswith("timeline.live") and not dotted(path).startswith("timeline.live")
    ]
    assert not wrong


def test_every_layer_is_of_this_tree() -> None:
    """A part that went away leaves the table, except for those the design has still to bring."""
    coming = {"formats", "check", "pytest_plugin", "record", "whatif", "findings", "query"}
    there = {part_of(dotted(path)) for path in modules()}
    assert RANK.keys() - there <= coming
