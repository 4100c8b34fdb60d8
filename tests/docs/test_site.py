"""The documentation builds as a site, without a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

import timeline

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(900)  # some 20 s of CPU time, on a machine that may do much else


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "--quiet"]
    done = subprocess.run(
        [*command, "-c", str(ROOT / "docs"), str(ROOT), str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_it_has_every_page_and_every_public_name(site: Path) -> None:
    pages = {page.relative_to(ROOT).with_suffix("") for page in (ROOT / "docs").rglob("*.md")}
    assert [page for page in pages if not (site / f"{page}.html").is_file()] == []
    data = (site / "objects.inv").read_bytes()
    known = InventoryFile.loads(data, uri="").data
    documented = {name for kind, names in known.items() if kind.startswith("py:") for name in names}
    homes = {name: f"{getattr(timeline, name).__module__}.{name}" for name in timeline.__all__}
    short = {name.rpartition(".")[2] for name in documented}
    assert set(homes) - short == set()


@pytest.mark.slow
def test_it_needs_nothing_of_the_net(site: Path) -> None:
    loading = ('src="http', '<link rel="stylesheet" type="text/css" href="http', "@import url(http")
    wrong = [
        f"{page.relative_to(site)}: {word}"
        for page in [*site.rglob("*.html"), *site.rglob("*.css")]
        for word in loading
        if word in page.read_text(encoding="utf-8")
    ]
    assert wrong == []
