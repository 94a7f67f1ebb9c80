"""The site builds without a warning, and fetches nothing when it is read."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, Page

MISSING = [
    name for name in ("sphinx", "myst_parser", "furo", "latex2mathml") if not find_spec(name)
]
# what a browser loads by itself; a link that a reader follows is none of it
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|audio|video)\b[^>]*?\bsrc=\"(?:https?:)?//"
    r"|<link\b[^>]*?\bhref=\"(?:https?:)?//"
    r"|(?:@import|url\()\s*[\"']?(?:https?:)?//"
)


def fetched(folder: Path) -> list[str]:
    """What files of a site load from elsewhere."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".html", ".css"}:
            matches = FETCHED.findall(path.read_text(encoding="utf-8"))
            found += [f"{path.relative_to(folder)}: {match}" for match in matches]
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    if MISSING:
        pytest.skip(f"the site is built with {', '.join(MISSING)}: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", DOCS, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_has_every_page(site: Path) -> None:
    wanted = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    assert wanted
    assert [path for path in wanted if not (site / path).is_file()] == []


@pytest.mark.slow
def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    assert fetched(site) == []


@pytest.mark.slow
def test_a_page_of_the_site_names_no_folder_of_the_machine_that_built_it(site: Path) -> None:
    homes = [str(ROOT), str(Path(sys.executable).parent)]
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert [path.name for path, text in pages.items() if any(home in text for home in homes)] == []


def test_what_a_page_loads_from_elsewhere_is_caught(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<a href="https://example.org">a link</a><script src="local.js"></script>'
        '<script async src="https://example.org/x.js"></script><link href="//example.org/x.css">'
    )
    (tmp_path / "x.css").write_text('@import "https://example.org/y.css"; a { b: url(c.png) }')
    assert len(fetched(tmp_path)) == 3


def test_every_page_of_the_site_begins_with_its_title() -> None:
    for path in DOCS.rglob("*.md"):
        titles = [t.tag for t in Page(path).tokens if t.type == "heading_open"]
        assert titles[:1] == ["h1"], path
        assert titles.count("h1") == 1, path
