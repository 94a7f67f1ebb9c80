"""Clips whose folders do not lie below their subject's: the subject stands in the folder's name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from raicl.data.locate import ambiguous


@dataclass(frozen=True)
class ClipFolders:
    """`raicl.data.rows.Folders` of such a database.

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
