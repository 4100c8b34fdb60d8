"""How Sphinx builds the site: ``make docs``.

The source directory is the root of the tree, so that the site follows the same relative links as
GitHub does: to the README, the samples, the code. Nothing is asked of the net.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the API of this tree, whatever is installed

from timeline import __version__  # noqa: E402

project = "timeline"
author = "the authors of timeline"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/README"
include_patterns = ["*.md", "docs/**.md", "samples/*.md", "kernels/*.md", "examples/**.md"]
exclude_patterns = [".*", "**/.*", "build", "dist", "out", "site"]
suppress_warnings = ["ref.python"]  # "bytes" may be a type and an attribute

myst_heading_anchors = 4
autodoc_member_order = "groupwise"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = "timeline"
html_copy_source = False
html_extra_path = ["_root"]  # leads from the site's root to the first page
html_show_sourcelink = False

CHAPTERS = {
    "Use": "quickstart tutorial recording dashboard findings whatif check command-line limits",
    "Know": "measures simulator formats nsys techniques/README claims api/README quality gpu-runs",
    "Change": "architecture extend/technique extend/format extend/finding",
}
BESIDE = {
    "Use": ["examples/guarded_project/README"],
    "Know": ["samples/README"],
    "Change": ["CONTRIBUTING", "kernels/README", "CHANGELOG", "README"],
}
"""Pages that do not lie in ``docs/``."""

PARTS = """
record trace program backends techniques analysis findings whatif check report figures formats
ranks query intervals tiles errors pytest_plugin
"""
"""Pages of the API, in the order in which one meets them."""

_LOGGER = logging.getLogger(__name__)


def chapters() -> dict[str, list[str]]:
    """The pages of each chapter; whatever page of ``docs/`` none of them names comes last."""
    there = {
        page.relative_to(ROOT).with_suffix("").as_posix() for page in ROOT.glob("docs/**/*.md")
    }
    found = {
        title: [name for name in (f"docs/{word}" for word in words.split()) if name in there]
        for title, words in CHAPTERS.items()
    }
    inside = re.compile("docs/(techniques|api)/")
    named = {root_doc}.union(*found.values())
    more = sorted(name for name in there - named if not inside.match(name))
    for title, names in BESIDE.items():
        found[title] += names
    return found | ({"More": more} if more else {})


def toctree(names: list[str], caption: str = "") -> str:
    """A table of contents that shows in the sidebar alone."""
    options = ":hidden:\n:titlesonly:\n" + (f":caption: {caption}\n" if caption else "")
    return "\n```{toctree}\n" + options + "\n" + "\n".join(names) + "\n```\n"


def add_toctrees(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add the tables of contents, of which GitHub's readers would only see the code."""
    if docname == root_doc:
        for title, names in chapters().items():
            source[0] += toctree([f"/{name}" for name in names], title)
    elif docname == "docs/techniques/README":
        source[0] += toctree(sorted(p.stem for p in ROOT.glob("docs/techniques/[a-z]*.md")))
    elif docname == "docs/api/README":
        source[0] += toctree(PARTS.split())


def bind_public_names(app: Sphinx) -> None:
    """Import what a package imports when it is first asked for, or autodoc would not see it."""
    for page in ROOT.glob("docs/api/*.md"):
        for name in re.findall(r"automodule:: ([\w.]+)", page.read_text(encoding="utf-8")):
            module = import_module(name)
            for public in getattr(module, "__all__", ()):
                setattr(module, public, getattr(module, public))


def escape_bars(
    app: Sphinx, what: str, name: str, found: object, options: object, lines: list[str]
) -> None:
    """Keep the bars of ``|B(e)|``, which to reStructuredText would name a substitution."""
    lines[:] = [re.sub(r"(``.*?``)|\|", lambda m: m[1] or r"\|", line) for line in lines]


def warn_of_lost_names(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, text: nodes.TextElement
) -> None:
    """Warn of a name of ``timeline`` that a docstring refers to and that is no more."""
    target = str(node.get("reftarget"))
    if node.get("refdomain") == "py" and target.startswith("timeline.") and not exists(target):
        _LOGGER.warning("there is no %s", target, location=node)


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or leads to something in one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:-1]:
            found = getattr(found, part, None)
        return cut == len(parts) or hasattr(found, parts[-1]) or parts[-1] in annotated(found)
    return False


def annotated(found: object) -> dict[str, Any]:
    """The annotated attributes of a class."""
    return getattr(found, "__annotations__", {})


class Folders(SphinxPostTransform):
    """Links to folders, which GitHub lists and a site can't, become their text."""

    default_priority = 5  # before MyST reports them as broken

    def run(self, **kwargs: Any) -> None:
        for node in list(self.document.findall(addnodes.pending_xref)):
            page = Path(self.env.doc2path(self.env.docname))
            if node["reftype"] == "myst" and (page.parent / node["reftarget"]).is_dir():
                node.replace_self(node[0].deepcopy())


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("builder-inited", bind_public_names)
    app.connect("source-read", add_toctrees)
    app.connect("autodoc-process-docstring", escape_bars)
    app.connect("missing-reference", warn_of_lost_names)
    app.add_post_transform(Folders)
