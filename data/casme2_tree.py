"""Which release of CASME II lies below a folder, however it is nested."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.console import say
from raicl.common.errors import InputError
from raicl.data.locate import ambiguous
from raicl.data.sheet import as_text
from raicl.data.tree import Unusable, leaves, list_frames, match, subfolders

# The full-frame releases come first, since the method aligns faces itself; of these the shorter.
LAYOUTS = ("raw-selected", "raw-full", "cropped")

_SUBJECT = re.compile(r"sub0*([0-9]{1,4})", re.IGNORECASE)
_MAX_DEPTH = 4
_MAX_FOLDERS = 2000  # enough for the nesting of any archive, and no walk over a whole disk
_LOOKED_AT = 20  # clips that decide which release it is


@dataclass(frozen=True)
class Tree:
    """A folder of subjects' folders, e.g. ``Cropped/Cropped`` with ``sub01``, ``sub02`` in it."""

    path: Path
    subjects: Mapping[int, Path]

    def clips(self, subject: int, root: Path) -> dict[str, Path]:
        """Folders of a subject's clips by name; none for a subject who is not there.

        Raises
        ------
        Unusable : the subject's folder leads out of `root` or cannot be read.
        """
        folder = self.subjects.get(subject)
        if folder is None:
            return {}
        if leaves(folder, root):
            raise Unusable("the subject's folder is a link that leads out of the database")
        try:
            return subfolders(folder)
        except InputError as error:
            raise Unusable(f"the subject's folder cannot be read: {error.what}") from error


def subject_number(cell: object) -> int | None:
    """The number of a subject, written ``'01'``, ``1``, ``1.0``, ``sub01`` or ``sub1``."""
    text = as_text(cell)
    found = _SUBJECT.fullmatch(text) or re.fullmatch(r"0*([0-9]{1,4})", text)
    return int(found[1]) if found else None


def find_trees(root: Path) -> list[Tree]:
    """All folders of subjects at `root` or below, nearest first.

    Raises
    ------
    InputError : there is none; if `root` lies inside one, the error says where to point.
    """
    trees: list[Tree] = []
    level, seen, linked = [root], 0, ""
    for _ in range(_MAX_DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            children = _children(folder, root)
            seen += len(children)
            subjects = _subjects(children)
            if subjects:
                trees.append(Tree(folder, subjects))
            for name, child in children.items():
                if _SUBJECT.fullmatch(name):
                    continue
                if leaves(child, root):
                    linked = str(child)
                else:
                    below.append(child)
        level = below if seen <= _MAX_FOLDERS else []
    if linked:
        say(f"note: {linked} is a link that leads out of the database and is not followed")
    if not trees:
        raise _not_here(root, linked)
    return trees


def choose_tree(
    trees: Sequence[Tree], ranges: Mapping[tuple[int, str], tuple[int, int]], root: Path
) -> tuple[Tree, str]:
    """The tree to read and its layout: the first of `LAYOUTS` that is there.

    Parameters
    ----------
    ranges : onset and offset by subject and clip, from the sheet.

    Raises
    ------
    InputError : no tree holds an annotated clip, or two have the same layout.
    """
    known = [(tree, layout) for tree in trees if (layout := _layout(tree, ranges, root))]
    for layout in LAYOUTS:
        fitting = [tree for tree, its_layout in known if its_layout == layout]
        if len(fitting) > 1:
            raise ambiguous([tree.path for tree in fitting], "--root DIR")
        if fitting:
            others = [f"{its} in {tree.path}" for tree, its in known if tree is not fitting[0]]
            if others:
                say(f"using {layout} in {fitting[0].path}, not " + ", ".join(others))
            return fitting[0], layout
    raise InputError(
        "none of the sheet's clips has a folder here",
        where=", ".join(str(tree.path) for tree in trees),
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


def _subjects(children: Mapping[str, Path]) -> dict[int, Path]:
    subjects: dict[int, Path] = {}
    for name, folder in children.items():
        found = _SUBJECT.fullmatch(name)
        if found and int(found[1]) in subjects:
            raise InputError(
                f"{subjects[int(found[1])].name} and {name} are folders of one subject",
                where=str(folder.parent),
                fix="point --root at a folder that holds one of them",
            )
        if found:
            subjects[int(found[1])] = folder
    return subjects


def _layout(
    tree: Tree, ranges: Mapping[tuple[int, str], tuple[int, int]], root: Path
) -> str | None:
    """Which release a tree is; None where it holds none of the annotated clips.

    Cropped frames are called ``reg_img46.jpg``; raw ones ``img46.jpg`` in both raw releases, of
    which only the full one has frames outside onset..offset.
    """
    looked_at = wider = 0
    cropped = any(
        "crop" in part.casefold() for part in (root.name, *tree.path.relative_to(root).parts)
    )
    for (subject, name), (onset, offset) in ranges.items():
        try:
            present = tree.clips(subject, root)
            folder = match(name, present)
            listing = list_frames(present[folder], root) if folder else None
        except Unusable:
            continue  # its row is listed with this reason when the rows are read
        if listing is None or not listing.frames:
            continue
        cropped |= next(iter(listing.frames.values())).name.casefold().startswith("reg")
        wider += min(listing.frames) < onset or max(listing.frames) > offset
        looked_at += 1
        if looked_at == _LOOKED_AT:
            break
    if not looked_at:
        return None
    if cropped:
        return "cropped"
    return "raw-full" if 2 * wider > looked_at else "raw-selected"


def _not_here(root: Path, linked: str) -> InputError:
    for folder in (root, root.parent):
        if _SUBJECT.fullmatch(folder.name):
            return InputError(
                "this folder lies inside the database",
                where=str(root),
                fix=f"point higher up: --root {folder.parent}",
            )
    return InputError(
        "no subject's folders (sub01, sub02, ...) here"
        + (", and a link that leads out is not followed" if linked else ""),
        where=linked or str(root),
        fix="give the folder the archive unpacked to, e.g. CASME2_RAW_selected",
    )
