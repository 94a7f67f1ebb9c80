"""Damage: one flipped bit, or a file cut short, drawn from a seed so that it can be repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CUTS = 0.05  # of all damages


@dataclass(frozen=True)
class Damage:
    """What is done to a file.

    Attributes
    ----------
    file : path below the folder of the material.
    byte : the byte that changes, or the length that is left.
    bit : the bit of it that flips; -1 cuts the file.
    """

    file: str
    byte: int
    bit: int

    def __str__(self) -> str:
        done = (
            f"cut to {self.byte} bytes" if self.bit < 0 else f"bit {self.bit} of byte {self.byte}"
        )
        return f"{self.file}, {done}"

    def apply(self, folder: Path) -> None:
        """Change the file in place."""
        path = folder / self.file
        content = bytearray(path.read_bytes())
        if self.bit < 0:
            del content[self.byte :]
        else:
            content[self.byte] ^= 1 << self.bit
        path.write_bytes(content)


def draw(case: str, folder: Path, files: Sequence[Path]) -> Damage:
    """The damage of a case: a file of `files`, which are below `folder`, and a place in it.

    Every file is as likely as another, so that small ones are not left out.
    """
    rng = random.Random(case)
    path = rng.choice(files)
    byte = rng.randrange(path.stat().st_size)
    bit = -1 if rng.random() < _CUTS else rng.randrange(8)
    return Damage(path.relative_to(folder).as_posix(), byte, bit)
