"""Every link leads somewhere, and every file of the repository that a page names is there."""

import pkgutil
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, Page, pages, slug_of

FOLDERS = ("common", "data", "docs", "preprocess", "tests", "train")
# a file or a folder of the repository; of a path, what is in capitals is for the reader to fill in
IN_REPOSITORY = re.compile(
    rf"(?:{'|'.join(FOLDERS)})/[a-z0-9_./-]*|[\w./-]*\w\.py|[A-Z]+\.(?:md|cff)|pyproject\.toml",
    re.ASCII,
)
MODULE = re.compile(r"(?:python -m )?((?:raicl|tests)(?:\.\w+)+)(?: .*)?", re.ASCII)
OF_THE_READER = "data/raw"


def broken_links(page: Page) -> list[str]:
    """Links of a page, and pictures, that lead to no file or to no heading."""
    return [link for link in page.links if not _leads_somewhere(page, link)]


def _leads_somewhere(page: Page, link: str) -> bool:
    if re.match("[a-z]+:", link):  # http, mailto
        return True
    path, _, anchor = link.partition("#")
    target = (page.path.parent / path).resolve() if path else page.path
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in Page(target).anchors)


def missing_files(page: Page, files: set[str]) -> list[str]:
    """Files and folders that a page names and the repository does not have."""
    named = [word for word in page.words if IN_REPOSITORY.fullmatch(word)]
    kept = [word for word in named if not word.startswith(OF_THE_READER)]
    return [word for word in kept if not _is_there(word, files)]


def _is_there(word: str, files: set[str]) -> bool:
    """Whether a path from the root, or from a folder that the page speaks of, is there."""
    path = word.removesuffix("/")
    return any(f"/{path}/" in f"/{file}/" for file in files)


def missing_names(page: Page) -> list[str]:
    """Modules, and what they hold, that a page names and the code does not have."""
    named = (found[1] for word in page.words if (found := MODULE.fullmatch(word)))
    return [name for name in named if not _can_be_imported(name)]


def _can_be_imported(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.fixture(scope="module")
def files() -> set[str]:
    """Files of the repository, without what git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:  # an archive without its history
        found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
        return {path.relative_to(ROOT).as_posix() for path in found if path.is_file()}
    return set(listed.stdout.splitlines())


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages()])
def test_every_link_of_a_page_leads_somewhere(page: Page) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages()])
def test_every_file_that_a_page_names_is_in_the_repository(page: Page, files: set[str]) -> None:
    assert missing_files(page, files) == []


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in pages()])
def test_every_name_of_the_code_that_a_page_gives_can_be_imported(page: Page) -> None:
    assert missing_names(page) == []


def test_pages_of_the_site_link_to_pages_of_the_site() -> None:
    """What lies outside the folder of the site is not there when the site is read."""
    for page in pages():
        if page.path.is_relative_to(DOCS):
            paths = [link.partition("#")[0] for link in page.links if not re.match("[a-z]+:", link)]
            targets = [(page.path.parent / path).resolve() for path in paths if path]
            assert [target for target in targets if not target.is_relative_to(DOCS)] == []


def test_a_broken_link_and_a_missing_file_are_caught(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(
        "# A page: `code` and *more*\n\n[a](page.md) [b](other.md) [c](#a-page-code-and-more) "
        "[d](page.md#none) [e](https://example.org)\n\n`train/fit.py` `train/fold/fit.py` "
        "`fit.py` `data/raw/casme2` `train/presets/` "
        "`raicl.common.clip.Clip` `raicl.common.clip.Clips` `python -m raicl.commons x`\n"
    )
    page = Page(path)
    assert broken_links(page) == ["other.md", "page.md#none"]
    assert missing_files(page, {"train/fold/fit.py", "train/presets/M1.toml"}) == ["train/fit.py"]
    assert missing_names(page) == ["raicl.common.clip.Clips", "raicl.commons"]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("What can go wrong", "what-can-go-wrong"),
        ("3. Audit it", "3-audit-it"),
        ("Is it the published set of clips?", "is-it-the-published-set-of-clips"),
        ("CAS(ME)³", "casme³"),
        ("raicl-prep", "raicl-prep"),
    ],
)
def test_anchors_are_made_as_github_makes_them(title: str, slug: str) -> None:
    assert slug_of(title) == slug
