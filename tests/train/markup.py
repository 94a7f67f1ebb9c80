"""A page as a list of its elements, read by the standard library's parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "source", "br", "hr", "input"}


@dataclass
class Element:
    """One element: its attributes, its ancestors' tags, and the text inside it."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def find(self, tag: str) -> list["Element"]:
        """Every element of a tag inside this one, in the order of the page."""
        found = []
        for child in self.children:
            found += [child] * (child.tag == tag) + child.find(tag)
        return found


class Page(HTMLParser):
    """Every element of a page in the order of the page; tags that do not nest are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {[element.tag for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        assert len(values) == len(attrs), f"an attribute of {tag} stands twice"
        element = Element(tag, values, tuple(parent.tag for parent in self._open))
        self.elements.append(element)
        if self._open:
            self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        opened = self._open.pop()
        assert opened.tag == tag, f"</{tag}> closes <{opened.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]
