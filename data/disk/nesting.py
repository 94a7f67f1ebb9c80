"""Find the folders of a database's subjects, however deep its archive was unpacked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.terminal.console import say
from raicl.data.disk.locate import ambiguous
from raicl.data.disk.tree import inner_folders, leaves, subfolders

_MAX_DEPTH = 6  # CAS(ME)^3 has four levels above its subjects
_MAX_FOLDERS = 2000  # enough for the nesting of any archive, but not for a whole disk

# From the name of a folder to its subject, or to None for a folder of another kind.
NamesSubject = Callable[[str], str | None]


@dataclass(frozen=True)
class Tree:
    """A folder of subjects' folders, e.g. ``Cropped/Cropped`` with ``sub01``, ``sub02`` in it.

    Attributes
    ----------
    path : the folder.
    subjects : the subjects' folders, by `Clip.subject`.
    root : folder of the database; no link may lead out of it.
    """

    path: Path
    subjects: Mapping[str, Path]
    root: Path
    _listed: dict[str, Mapping[str, Path]] = field(default_factory=dict, repr=False, compare=False)

    def clips(self, subject: str) -> Mapping[str, Path]:
        """Folders directly below a subject's, by name; empty if the subject has no folder.

        They are listed once, because every row of the subject asks for them.

        Raises
        ------
        Unusable : the subject's folder leads out of the database or cannot be read.
        """
        folder = self.subjects.get(subject)
        if folder is None:
            return {}
        if subject not in self._listed:
            self._listed[subject] = inner_folders(folder, self.root, "the subject's folder")
        return self._listed[subject]


def find_trees(root: Path, names_subject: NamesSubject, *, example: str, hint: str) -> list[Tree]:
    """All folders of subjects at `root` or below, nearest first.

    Parameters
    ----------
    root : folder to search, links resolved.
    names_subject : decides which folders are subjects'.
    example : how subjects' folders are called, for the error.
    hint : which folder to give, for the error.

    Raises
    ------
    InputError : there is none. If `root` is inside a subject's folder, the error says what to give.
    """
    trees: list[Tree] = []
    level, seen, linked = [root], 0, ""
    for _ in range(_MAX_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            children = _children(folder, root)
            subjects = _subjects(children, names_subject)
            if subjects:
                trees.append(Tree(folder, subjects, root))
            for name, child in children.items():
                if names_subject(name) is not None:
                    continue
                if leaves(child, root):
                    linked = str(child)
                elif not _returns(child):
                    below.append(child)
        seen += len(below)
        level = below if seen <= _MAX_FOLDERS else []
    if linked:
        say(f"note: {linked} is a link that leads out of the database and is not followed")
    if not trees:
        raise _not_here(root, names_subject, linked, example, hint)
    return trees


def choose_tree(
    known: Iterable[tuple[Tree, str | None]], layouts: Sequence[str], root: Path
) -> tuple[Tree, str]:
    """Choose the tree to read, and return it with its layout, the first of `layouts` that exists.

    Parameters
    ----------
    known : trees with their layouts, None for a tree that holds none of the annotated clips.

    Raises
    ------
    InputError : no tree has one of `layouts`, or two trees have the same one.
    """
    trees = list(known)
    for layout in layouts:
        fitting = [tree for tree, its_layout in trees if its_layout == layout]
        if len(fitting) > 1:
            raise ambiguous([tree.path for tree in fitting], "--root DIR")
        if fitting:
            others = [f"{its} in {t.path}" for t, its in trees if its and t is not fitting[0]]
            if others:
                say(f"using {layout} in {fitting[0].path}, not " + ", ".join(others))
            return fitting[0], layout
    raise InputError(
        "none of the sheet's clips has a folder here",
        where=", ".join(str(tree.path) for tree, _ in trees) or str(root),
        fix="check that frames and sheet are of the same database",
    )


def _children(folder: Path, root: Path) -> dict[str, Path]:
    try:
        return subfolders(folder)
    except InputError as error:
        if folder == root:
            raise
        say(f"note: {folder}: {error.what}")
        return {}


def _returns(child: Path) -> bool:
    """Whether a folder is a link to one that contains it."""
    return child.is_symlink() and child.parent.resolve().is_relative_to(child.resolve())


def _subjects(children: Mapping[str, Path], names_subject: NamesSubject) -> dict[str, Path]:
    subjects: dict[str, Path] = {}
    for name, folder in children.items():
        key = names_subject(name)
        if key in subjects:
            raise InputError(
                f"{subjects[key].name} and {name} are folders of one subject",
                where=str(folder.parent),
                fix="point --root at a folder that holds one of them",
            )
        if key is not None:
            subjects[key] = folder
    return subjects


def _not_here(
    root: Path, names_subject: NamesSubject, linked: str, example: str, hint: str
) -> InputError:
    # a clip's folder is at most four levels below that of its subject (SMIC)
    for folder in (root, *list(root.parents)[:3]):
        if names_subject(folder.name) is not None:
            return InputError(
                "this folder is inside the database",
                where=str(root),
                fix=f"point higher up: --root {folder.parent}",
            )
    return InputError(
        f"no subject's folders ({example}) here"
        + (", and a link that leads out is not followed" if linked else ""),
        where=linked or str(root),
        fix=f"give the folder that the archive was unpacked into, e.g. {hint}",
    )
