"""The commands of a page, and the names under which it prints what they wrote."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt

SHELL, PRINTED = "sh", "{printed}"


@dataclass(frozen=True)
class Block:
    """A block of commands, and the names of the `{printed}` directives that follow it."""

    commands: str
    names: tuple[str, ...] = ()


def read_blocks(markdown: str) -> list[Block]:
    """The ``sh`` blocks of a page in their order.

    Raises
    ------
    ValueError : something is printed before the first command, or a name stands twice.
    """
    blocks: list[Block] = []
    seen: set[str] = set()
    for token in MarkdownIt().parse(markdown):
        language, _, name = token.info.strip().partition(" ")
        if token.type != "fence":
            continue
        if language == SHELL:
            blocks.append(Block(token.content))
        elif language == PRINTED:
            if not blocks or name in seen:
                raise ValueError(f"{{printed}} {name}: no command before it, or the name is taken")
            seen.add(name)
            blocks[-1] = Block(blocks[-1].commands, (*blocks[-1].names, name))
    return blocks
