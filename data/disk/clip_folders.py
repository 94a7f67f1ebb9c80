"""Clips whose folders have other names, or are not directly below their subject's folder."""

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
    """Folders anywhere whose names contain the subject (see `raicl.data.sheets.rows.Folders`).

    Attributes
    ----------
    root : folder of the database; no link may lead out of it.
    found : the clips' folders, by subject and by the clip's name.
    """

    root: Path
    found: Mapping[str, Mapping[str, Path]]

    @property
    def subjects(self) -> Mapping[str, Path]:
        """The folder that contains the first clip of each subject."""
        return {name: next(iter(clips.values())).parent for name, clips in self.found.items()}

    def clips(self, subject: str) -> Mapping[str, Path]:
        """The folders of a subject's clips by name."""
        return self.found.get(subject, {})


def group_clips(
    folders: Iterable[Path], root: Path, parse: Callable[[str], tuple[str, str] | None]
) -> ClipFolders:
    """Group folders by subject and clip.

    Parameters
    ----------
    parse : reads subject and clip from a folder's name; None for folders of another kind.

    Raises
    ------
    InputError : two folders belong to one clip.
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
    """Clips' folders that have other names, or are deeper below their subject's folder.

    Parameters
    ----------
    tree : the subjects' folders.
    place : takes name and path of a folder directly below a subject's, and returns the clip's name
        and folder.
    """

    def __init__(self, tree: Tree, place: Callable[[str, Path], tuple[str, Path]]) -> None:
        self.tree, self.root, self.subjects = tree, tree.root, tree.subjects
        self._place = place
        self._known: dict[str, dict[str, Path]] = {}

    def clips(self, subject: str) -> Mapping[str, Path]:
        """The folders of a subject's clips by name; raises Unusable if two have one name."""
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
