"""Shelf: the shards of a folder by what they are made of, listed once by each process of a run."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Shelf:
    """The shards that a run finds in a folder, and those that a process of it adds.

    To look into the folder for every clip would take a time that grows with the square of their
    number. What other processes of the same run add is therefore not seen.

    Attributes
    ----------
    folder : folder of the shards.
    run : tells one run from the next in the same folder.
    """

    folder: Path
    run: str

    @classmethod
    def of(cls, folder: Path) -> Shelf:
        """The shelf of a run that begins now."""
        return cls(folder, uuid.uuid4().hex)

    def of_base(self, base: str) -> list[Path]:
        """The shards with this base, by name."""
        return [self.folder / name for name in sorted(_names(self).get(_key(base), ()))]

    def add(self, shard: str) -> None:
        """Remember a shard that this process has written."""
        _names(self).setdefault(_key(shard), set()).add(shard)


def _key(name: str) -> str:
    return name[:24]  # of a base, the part that the names of its shards begin with


@lru_cache(maxsize=1)
def _names(shelf: Shelf) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in shelf.folder.glob("*.h5"):
        found.setdefault(_key(path.name), set()).add(path.name)
    return found
