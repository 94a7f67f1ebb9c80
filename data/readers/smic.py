"""SMIC: the clips of one of its cameras, which need no sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import UsageError
from raicl.common.order import comparable, natural_key
from raicl.common.terminal.console import say
from raicl.common.terminal.wording import printable
from raicl.data.disk.tree import Unusable, list_frames
from raicl.data.readers.smic_tree import EMOTIONS, FPS, clip_folders, find_smic, parse_name
from raicl.data.records import Database, Footage, Skipped
from raicl.data.sheets.annotation import annotate, attach_frames, no_frame
from raicl.data.sheets.corrections import KnownError


def read_smic(
    root: Path, annotations: Path | None, known: Sequence[KnownError], *, camera: str
) -> Database:
    """Read the clips of one camera of SMIC, ``HS/s1/micro/negative/s1_ne_01/image559740.bmp``.

    The first frame in a clip's folder is the onset, the last one the offset. No apex is known. The
    clip's name says the emotion. Clips are named as in the composite list, ``s01_ne_01``. The other
    folders of a subject (``non_micro``) hold no micro-expressions.

    Parameters
    ----------
    root : the folder of the subjects or any folder above it, links resolved.
    annotations : None, because there is no sheet.
    known : empty, because there is no sheet to correct.
    camera : one of `FPS`.

    Raises
    ------
    UsageError : a sheet is given.
    InputError : there are no clips of this camera, or two trees with them.
    """
    assert not known, "there is no sheet to correct"
    if annotations is not None:
        raise UsageError(
            "SMIC's clips have no sheet: names and frames say everything",
            where=str(annotations),
            fix="leave --annotations out, or read SMIC-E with --variant e-hs",
        )
    tree, layout = find_smic(root, camera)
    say(f"smic: {layout} clips of {camera}, {tree.path}")
    read: dict[str, Footage] = {}
    skipped: list[Skipped] = []
    for subject in tree.subjects:
        try:
            for folder, problem in clip_folders(tree, subject):
                clip_id = f"smic/{subject}/{parse_name(folder.name) or printable(folder.name)}"
                try:
                    if problem:
                        raise Unusable(problem)
                    if clip_id in read:
                        raise Unusable(f"{_place(folder)} repeats another folder of its name")
                    read[clip_id] = _read_clip(folder, subject, camera, root)
                except Unusable as reason:
                    skipped.append(Skipped(clip_id, str(reason)))
        except Unusable as reason:
            skipped.append(Skipped(f"smic/{subject}/*", str(reason)))
    return Database(
        name="smic",
        root=root,
        layout=layout,
        sheet=camera,
        footage=tuple(read[key] for key in sorted(read, key=natural_key)),
        skipped=tuple(sorted(skipped, key=lambda item: natural_key(item.id))),
    )


def _read_clip(folder: Path, subject: str, camera: str, root: Path) -> Footage:
    """One clip, if its name, its folders and its frames agree."""
    name = parse_name(folder.name)
    if name is None:
        raise Unusable("its name is not like s1_ne_01, which would say what it shows")
    if name.subject != subject:
        raise Unusable(f"its name says {name.subject}, but it lies in the folder of {subject}")
    above = comparable(folder.parent.name)
    if above in EMOTIONS.values() and above != name.emotion:
        raise Unusable(f"its name says {name.emotion}, but it lies in the folder {above}")
    listing = list_frames(folder, root)
    numbers = sorted(listing.frames.keys() | listing.refused.keys())
    if not numbers:
        raise no_frame(listing)
    if len(numbers) == 1:
        raise Unusable("its folder holds a single frame")
    cells = {"onset": numbers[0], "offset": numbers[-1], "emotion": name.emotion}
    clip = annotate(
        cells, dataset="smic", subject=subject, name=str(name), sheet=camera, fps=FPS[camera]
    )
    return attach_frames(clip, listing)


def _place(folder: Path) -> str:
    return printable(f"{folder.parent.name}/{folder.name}")
