"""CAS(ME)^3, part A: whole videos, or the release that is cut into clips, with its sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.order import comparable
from raicl.common.terminal.console import say
from raicl.data.disk.clip_folders import PlacedClips, group_clips
from raicl.data.disk.locate import ambiguous
from raicl.data.disk.nesting import Tree, choose_tree, find_trees
from raicl.data.disk.tree import Unusable, match, subfolders
from raicl.data.readers.numbered import Numbered
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError
from raicl.data.sheets.find import find_sheets
from raicl.data.sheets.rows import Cells, Folders, Naming, holds_any, read_rows
from raicl.data.sheets.sheet import Sheet, SheetRow, cell_integer, cell_text, read_sheet

FPS = 30.0

_COLUMNS = {
    "subject": ("Subject",),
    "clip": ("Filename",),
    "onset": ("Onset",),
    "apex": ("Apex",),
    "offset": ("Offset",),
    "emotion": ("emotion",),
    "kind": ("Expression type",),
}
_SHEET_NAME = re.compile(r"part.?a.*me.?label", re.IGNORECASE)
_VERSION = re.compile(r"v([0-9])(?![0-9])", re.IGNORECASE)


def read_casme3(root: Path, annotations: Path | None, known: Sequence[KnownError]) -> Database:
    """Read part A of CAS(ME)^3.

    Frame numbers are those in the file names. A video holds several expressions, so every clip's id
    contains the onset (``casme3/spNO.1/a@166``). Depth is not read.

    Parameters
    ----------
    root : the folder of the subjects or the clips, or any folder above it, links resolved.
    annotations : the sheet, or None to look beside the frames, in the folders above `root`, and
        in a folder ``annotation`` in any of them.
    known : corrections to apply.

    Raises
    ------
    InputError : there are no frames, no sheet or several that differ, or the sheet is unusable.
    """
    trees = find_trees(root, of_folder, example="spNO.1, spNO.2, ...", hint="part_A_split")
    sheet, version = _choose_sheet(root, [tree.path for tree in trees], annotations)
    say(f"casme3: sheet {version or 'of unknown version'}, {sheet.path}")
    rows = _micro(sheet.rows)
    tree, layout = choose_tree([(tree, find_layout(tree, rows)) for tree in trees], LAYOUTS, root)
    say(f"casme3: frames of layout {layout}, {tree.path}")
    return read_rows(
        rows,
        folders_of(tree),
        naming_of(tree),
        dataset="casme3",
        layout=layout,
        known=known,
        version=version,
        fps=FPS,
    )


def _choose_sheet(root: Path, trees: Sequence[Path], annotations: Path | None) -> tuple[Sheet, str]:
    """Choose the latest sheet. Its version is only in the file's name."""
    paths = find_sheets(
        root, trees, named=_SHEET_NAME, annotations=annotations, inside="annotation"
    )
    versions = {path: _version(path) for path in paths}
    known = {version for version in versions.values() if version}
    if len(paths) > 1 and len(known) < len(paths):
        raise ambiguous(paths, "--annotations FILE")
    if len(paths) > 1:
        say(f"sheets {', '.join(sorted(known))} are here: the latest is read")
    latest = max(paths, key=_version)
    return read_sheet(latest, _COLUMNS, optional={"kind"}), versions[latest]


def _version(path: Path) -> str:
    found = _VERSION.search(path.name)
    return f"v{found[1]}" if found else ""


def _micro(rows: Sequence[SheetRow]) -> tuple[SheetRow, ...]:
    """The rows of micro-expressions, from a sheet that may have macro-expressions too."""
    kept = tuple(row for row in rows if "macro" not in comparable(cell_text(row.cells.get("kind"))))
    if len(kept) < len(rows):
        say(f"casme3: {len(rows) - len(kept)} macro-expressions of the sheet are left out")
    return kept


# Whole videos come first, because the cut release lacks frames that the corrections name.
LAYOUTS = ("split", "clip")
SUBJECTS = Numbered("spNO.", 1)

_CUT = re.compile(r"(spno\.[0-9]+)_([a-z]+)_([0-9]+)", re.IGNORECASE)
_NO_FRAMES = ("depth", "video")  # siblings of the cut release's ``frame``


def of_folder(name: str) -> str | None:
    """The key of a subject's folder (``spNO.1``) or of a cut clip's; None for another folder."""
    return SUBJECTS.of_folder(name) or (comparable(name) if _CUT.fullmatch(name) else None)


def find_layout(tree: Tree, rows: Sequence[SheetRow]) -> str | None:
    """Which release a tree is; None if it holds no annotated clip, or only depth."""
    cut = _is_cut(tree)
    if cut and comparable(tree.path.name) in _NO_FRAMES:
        return None
    if not holds_any(rows, folders_of(tree), naming_of(tree)):
        return None
    return "clip" if cut else "split"


def folders_of(tree: Tree) -> Folders:
    """The folders of the clips' frames; for whole videos ``spNO.1/a/color``."""
    if not _is_cut(tree):
        return PlacedClips(tree, lambda name, folder: (name, _color(folder)))
    return group_clips(tree.subjects.values(), tree.root, _parse_cut)


def naming_of(tree: Tree) -> Naming:
    """How the rows name these folders: by video or, if cut, by video and onset."""
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
    return cell_text(cells["clip"])


def _cut_name(cells: Cells) -> str:
    onset = cell_integer(cells["onset"])
    return f"{cell_text(cells['clip'])}@{cell_text(cells['onset']) if onset is None else onset}"


def _color(video: Path) -> Path:
    """The folder of the colour frames, or the video's own if there is none."""
    try:
        inside = subfolders(video)
        found = match("color", inside)
    except (InputError, Unusable):
        return video  # the reason is given when its frames are listed
    return inside[found] if found else video
