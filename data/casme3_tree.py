"""The two releases of CAS(ME)^3, part A, as they lie on disk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.data.clip_folders import PlacedClips, group_clips
from raicl.data.nesting import Numbered, Tree
from raicl.data.rows import Cells, Folders, Naming, holds_any
from raicl.data.sheet import Row, as_integer, as_text
from raicl.data.tree import Unusable, fold, match, subfolders

# Whole videos come first: the cut release lacks frames that the corrections name.
LAYOUTS = ("split", "clip")
SUBJECTS = Numbered("spNO.", 1)

_CUT = re.compile(r"(spno\.[0-9]+)_([a-z]+)_([0-9]+)", re.IGNORECASE)
_NO_FRAMES = ("depth", "video")  # siblings of the cut release's ``frame``


def of_folder(name: str) -> str | None:
    """What a folder stands for: a subject (``spNO.1``) or a cut clip; None for another one."""
    return SUBJECTS.of_folder(name) or (fold(name) if _CUT.fullmatch(name) else None)


def find_layout(tree: Tree, rows: Sequence[Row]) -> str | None:
    """Which release a tree is; None where it holds no annotated clip, or no frames but depth."""
    cut = _is_cut(tree)
    if cut and fold(tree.path.name) in _NO_FRAMES:
        return None
    if not holds_any(rows, folders_of(tree), naming_of(tree)):
        return None
    return "clip" if cut else "split"


def folders_of(tree: Tree) -> Folders:
    """The folders of the clips' frames: of whole videos ``spNO.1/a/color``."""
    if not _is_cut(tree):
        return PlacedClips(tree, lambda name, folder: (name, _color(folder)))
    return group_clips(tree.subjects.values(), tree.root, _parse_cut)


def naming_of(tree: Tree) -> Naming:
    """How the rows name these folders: by video or, cut, by video and onset."""
    cut = _is_cut(tree)
    return Naming(
        subject=SUBJECTS.of_cell,
        folder=_cut_name if cut else _video_name,
        several=True,
        always_onset=True,
        whole_videos=not cut,
    )


def _is_cut(tree: Tree) -> bool:
    return not any(SUBJECTS.of_folder(name) for name in tree.subjects)


def _parse_cut(name: str) -> tuple[str, str] | None:
    found = _CUT.fullmatch(name)
    subject = found and SUBJECTS.of_folder(found[1])
    return (subject, f"{found[2]}@{int(found[3])}") if found and subject else None


def _video_name(cells: Cells) -> str:
    return as_text(cells["clip"])


def _cut_name(cells: Cells) -> str:
    onset = as_integer(cells["onset"])
    return f"{as_text(cells['clip'])}@{as_text(cells['onset']) if onset is None else onset}"


def _color(video: Path) -> Path:
    """The folder of the colour frames, or the video's own where there is none."""
    try:
        inside = subfolders(video)
        found = match("color", inside)
    except (InputError, Unusable):
        return video  # listing its frames gives the reason
    return inside[found] if found else video
