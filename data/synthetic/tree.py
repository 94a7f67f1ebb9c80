"""How a database is stored on disk: folders, picture names and the official sheet, per layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.data.sheets.written_workbook import write_workbook
from raicl.data.synthetic.plan import Scene


@dataclass(frozen=True)
class Layout:
    """How one database stores scenes on disk.

    Attributes
    ----------
    size : width and height of a picture, px.
    subject : returns the name of the subject's folder.
    clip : returns the name of the clip's folder.
    pictures : path of the folder that holds the subjects, relative to the database's root.
    picture : returns the file name of the frame with a given number.
    sheet : file name of the annotation.
    annotate : returns the content of the annotation for all scenes.
    """

    size: tuple[int, int]
    subject: Callable[[Scene], str]
    clip: Callable[[Scene], str]
    pictures: Path
    picture: Callable[[int], str]
    sheet: str
    annotate: Callable[[Sequence[Scene]], bytes]


_CASME2_HEADER = (
    *("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None),
    *("Action Units", "Estimated Emotion"),
)


def _casme2_subject(scene: Scene) -> str:
    return f"sub{scene.subject + 1:02d}"


def _casme2_clip(scene: Scene) -> str:
    episode, part = divmod(scene.index, 3)
    # some of the real names end in f
    return (
        f"EP{episode + 1:02d}_{part + 1:02d}{'f' if (scene.subject + scene.index) % 4 == 0 else ''}"
    )


def _casme2_picture(number: int) -> str:
    return f"img{number}.jpg"  # unpadded, as in the original


def _casme2_row(scene: Scene) -> list[str | int | None]:
    units = "+".join(map(str, scene.units))
    return [
        f"{scene.subject + 1:02d}",  # text in the original too
        _casme2_clip(scene),
        None,
        scene.onset,
        scene.onset + scene.apex if scene.apex_known else "/",
        scene.offset,
        None,
        units if len(scene.units) > 1 else scene.units[0],
        scene.emotion,
    ]


def _casme2_sheet(scenes: Sequence[Scene]) -> bytes:
    """The workbook of 2014: nine columns, two of them without a header, and two empty sheets.

    If there is a split, it is in a tenth column, which no real sheet has.
    """
    lines: list[Sequence[str | int | None]] = [_CASME2_HEADER, *map(_casme2_row, scenes)]
    if any(scene.split for scene in scenes):
        splits = ("Split", *(scene.split for scene in scenes))
        lines = [(*line, split) for line, split in zip(lines, splits, strict=True)]
    return write_workbook({"Sheet1": lines, "Sheet2": [], "Sheet3": []})


LAYOUTS: dict[str, Layout] = {
    "casme2": Layout(
        size=(640, 480),
        subject=_casme2_subject,
        clip=_casme2_clip,
        pictures=Path("CASME2_RAW_selected", "CASME2_RAW_selected"),
        picture=_casme2_picture,
        sheet="CASME2-coding-20140508.xlsx",
        annotate=_casme2_sheet,
    ),
}
