"""Clips that do not lie in folders of their own name directly below their subject's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from raicl.data.disk.locate import ambiguous
from raicl.data.disk.nesting import Tree
from raicl.data.disk.tree import Unusable


@dataclass(frozen=True)
class ClipFolders:
    """Folders in any place whose names tell the subject (see `raicl.data.sheets.rows.Folders`).

    Attributes
    ----------
    root : of the database, which no link may lead out of.
    found : the folders by subject and by the clip's name.
    """

    root: Path
    found: Mapping[str, Mapping[str, Path]]

    @property
    def subjects(self) -> Mapping[str, Path]:
        """Where the first clip of each subject lies."""
        return {name: next(iter(clips.values())).parent for name, clips in self.found.items()}

    def clips(self, subject: str) -> Mapping[str, Path]:
        """The folders of a subject's clips by name."""
        return self.found.get(subject, {})


def group_clips(
    folders: Iterable[Path], root: Path, parse: Callable[[str], tuple[str, str] | None]
) -> ClipFolders:
    """Group folders by what `parse` reads from a name: subject and clip, None for another kind.

    Raises
    ------
    InputError : two folders are of one clip.
    """
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    for folder in folders:
        parts = parse(folder.name)
        if parts is None:
            continue
        first = found[parts[0]].setdefault(parts[1], folder)
        if first is not folder:
            raise ambiguous([first, folder], "--root DIR")
    return ClipFolders(root, dict(found))


class PlacedClips:
    """The folders below the subjects' under other names, or folders further in.

    Parameters
    ----------
    tree : the subjects' folders.
    place : name and folder of a clip, from those directly below a subject's.
    """

    def __init__(self, tree: Tree, place: Callable[[str, Path], tuple[str, Path]]) -> None:
        self.tree, self.root, self.subjects = tree, tree.root, tree.subjects
        self._place = place
        self._known: dict[str, dict[str, Path]] = {}

    def clips(self, subject: str) -> Mapping[str, Path]:
        """The folders of a subject's clips by name, or Unusable."""
        if subject not in self._known:
            placed: dict[str, Path] = {}
            for below, outer in self.tree.clips(subject).items():
                name, folder = self._place(below, outer)
                if placed.setdefault(name, folder) is not folder:
                    raise Unusable(
                        f"two folders of its subject fit {name}: {placed[name].name}, {folder.name}"
                    )
            self._known[subject] = placed
        return self._known[subject]
