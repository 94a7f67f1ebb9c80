"""Pages as the tests read them: blocks of commands, words in backticks, links and headings."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROGRAMS = ("raicl", "raicl-prep", "raicl-train")

# hidden lines of a page: in MyST a comment, on GitHub one of HTML
_HIDDEN = re.compile(r"^(?:% (setup|env): (.*)|<!-- (setup|env): (.*) -->)$", re.MULTILINE)
_HEREDOC = re.compile(r"<<\s*'?(\w+)'?(.*?)\n.*?^\1$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A page of Markdown."""

    path: Path

    @property
    def name(self) -> str:
        """Where it lies in the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def setup(self) -> tuple[str, ...]:
        """Commands that make what the page's reader has already."""
        return self._hidden("setup")

    @property
    def environment(self) -> dict[str, str]:
        """Variables under which a test runs the page."""
        pairs = (line.partition("=") for line in self._hidden("env"))
        return {name: value for name, _, value in pairs}

    def _hidden(self, kind: str) -> tuple[str, ...]:
        found = ((a or c, b or d) for a, b, c, d in _HIDDEN.findall(self.text))
        return tuple(value for name, value in found if name == kind)

    @property
    def tokens(self) -> list[Token]:
        return _parse(self.text)

    @property
    def inline(self) -> Iterator[Token]:
        """What stands inside paragraphs, headings, lists and tables."""
        for token in self.tokens:
            yield from token.children or ()

    def blocks(self, *languages: str) -> list[str]:
        """Blocks of these languages, in their order."""
        fences = [token for token in self.tokens if token.type == "fence"]
        return [token.content for token in fences if token.info.strip() in languages]

    @property
    def words(self) -> list[str]:
        """What stands in backticks, in text."""
        return [token.content for token in self.inline if token.type == "code_inline"]

    @property
    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        names = {"link_open": "href", "image": "src"}
        return [str(t.attrs[names[t.type]]) for t in self.inline if t.type in names]

    @property
    def anchors(self) -> set[str]:
        """Its headings, as links name them."""
        tokens = self.tokens
        titles = [
            "".join(child.content for child in following.children or ())
            for token, following in pairwise(tokens)
            if token.type == "heading_open"
        ]
        seen: Counter[str] = Counter()
        found = set()
        for slug in map(slug_of, titles):
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        return found


@cache
def _parse(markdown: str) -> list[Token]:
    return MarkdownIt().enable("table").parse(markdown)


def slug_of(title: str) -> str:
    """A heading's anchor, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def command_lines(block: str) -> Iterator[list[str]]:
    """The words of each command of raicl in a block; not what is written into a file by it."""
    for line in _HEREDOC.sub(r"\2", block).replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] in PROGRAMS:
            yield words


def pages() -> list[Page]:
    """Every page of the site, and what GitHub shows beside the code."""
    found = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "data" / "README.md"]
    others = [ROOT / "CONTRIBUTING.md"]
    return [Page(path) for path in (*found, *others) if path.is_file()]


def run_pages() -> list[Page]:
    """The pages whose commands are run."""
    howto: Sequence[Path] = sorted((DOCS / "howto").glob("*.md"))
    paths = [ROOT / "README.md", DOCS / "tutorial.md", *howto]
    return [page for page in map(Page, paths) if page.blocks("sh")]
