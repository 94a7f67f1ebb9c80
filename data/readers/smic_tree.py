"""SMIC's names and folders: which camera and kind of clip a tree holds, and where its clips are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from raicl.common.errors import InputError
from raicl.common.order import comparable
from raicl.common.terminal.console import say
from raicl.data.disk.nesting import Tree, choose_tree, find_trees
from raicl.data.disk.tree import Unusable, inner_folders, list_frames, match
from raicl.data.readers.numbered import Numbered

SUBJECTS = Numbered("s", 2)
EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise"}
FPS = {"hs": 100.0, "vis": 25.0, "nir": 25.0}
VARIANTS = (*FPS, "e-hs")
# Full frames come first, because raicl aligns faces itself.
LAYOUTS = ("raw", "cropped")

_NAME = re.compile(r"s ?0*([0-9]{1,4})[ _]+(ne|po|sur)[ _]+0*([0-9]{1,4})")


class ClipName(NamedTuple):
    """What the name of a clip says: ``s3_ne_16`` shows a negative emotion of subject ``s03``."""

    subject: str
    kind: str
    number: int

    @property
    def emotion(self) -> str:
        """The label of the clip."""
        return EMOTIONS[self.kind]

    def __str__(self) -> str:
        """The name as the composite list writes it, ``s03_ne_16``."""
        return f"{self.subject}_{self.kind}_{self.number:02d}"


def parse_name(text: str) -> ClipName | None:
    """The parts of a clip's name, which may have leading zeros and blanks; None for other names."""
    found = _NAME.fullmatch(comparable(text))
    return ClipName(f"s{int(found[1]):02d}", found[2], int(found[3])) if found else None


def find_smic(root: Path, variant: str) -> tuple[Tree, str]:
    """Find the tree of a variant and its layout.

    Parameters
    ----------
    root : the folder of the subjects or any folder above it, links resolved.
    variant : a camera of `FPS`, with the prefix ``e-`` for the long clips of SMIC-E.

    Raises
    ------
    InputError : the variant is not here, or there are several trees of it.
    """
    trees = find_trees(root, SUBJECTS.of_folder, example="s1, s2, ...", hint="SMIC_all_raw")
    kinds = [(tree, _is_long(tree), _camera(tree)) for tree in trees]
    long, camera = variant.startswith("e-"), variant.removeprefix("e-")
    fitting = [tree for tree, *kind in kinds if kind == [long, camera]]
    if not fitting:
        fitting = [tree for tree, *kind in kinds if kind == [long, None]]
        for tree in fitting:  # [ours] assumed to be of the requested or default camera
            say(f"note: no folder's name says which camera {tree.path} is of; assuming {camera}")
    if not fitting:
        present = {("e-" if long else "") + (its or "hs") for _, long, its in kinds}
        others = [f"--variant {name}" for name in VARIANTS if name in present]
        raise InputError(
            f"SMIC's variant {variant} is not here",
            where=", ".join(str(tree.path) for tree in trees),
            fix="what is here is read with " + " or ".join(others)
            if others
            else "give the folder that holds HS, VIS and NIR",
        )
    known = [(tree, _layout(tree, long)) for tree in fitting]
    return choose_tree(known, LAYOUTS, root)


def clip_folders(tree: Tree, subject: str) -> Iterator[tuple[Path, str]]:
    """The folders of a subject's clips, ``s1/micro/negative/s1_ne_01``.

    Each comes with the reason why it cannot be used; "" if it can.

    Raises
    ------
    Unusable : the subject's folder cannot be used, or there is no folder ``micro`` in it.
    """
    micro = _micro(tree, subject)
    if micro is None:
        raise Unusable("the subject's folder has no folder micro")
    for name, folder in inner_folders(micro, tree.root, "the folder micro").items():
        if parse_name(name) is not None:
            yield folder, ""
            continue
        try:
            clips = inner_folders(folder, tree.root, "the emotion's folder")
        except Unusable as reason:
            yield folder, str(reason)
            continue
        if not clips:
            yield folder, "its name is no clip's, and it holds no folder of a clip"
        yield from ((clip, "") for clip in clips.values())


def _micro(tree: Tree, subject: str) -> Path | None:
    present = tree.clips(subject)
    found = match("micro", present)
    return None if found is None else present[found]


def _is_long(tree: Tree) -> bool:
    """Whether a tree is of SMIC-E, where clips are directly in the subjects' folders."""
    for subject in tree.subjects:
        try:
            if _micro(tree, subject) is not None:
                return False
        except Unusable:
            continue  # listed with its reason when the clips are read
    return True


def _camera(tree: Tree) -> str | None:
    """The camera that the path names, innermost folder first: ``SMIC_all_raw/NIR``, ``HS_long``."""
    for name in reversed(tree.path.relative_to(tree.root.parent).parts):
        words = re.split("[^a-z0-9]+", name.casefold())
        named = [camera for camera in FPS if camera in words]
        if len(named) == 1:
            return named[0]
    return None


def _layout(tree: Tree, long: bool) -> str:
    """``cropped`` if the first frames that are found are registered crops, else ``raw``."""
    for subject in tree.subjects:
        try:
            folders = (
                list(tree.clips(subject).values())
                if long
                else [folder for folder, _ in clip_folders(tree, subject)]
            )
            for folder in folders:
                listing = list_frames(folder, tree.root)
                if listing.frames:
                    return "cropped" if listing.registered else "raw"
        except Unusable:
            continue  # listed with its reason when the clips are read
    return "raw"
