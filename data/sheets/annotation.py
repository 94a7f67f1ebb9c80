"""Make a clip from the cells of one row, and find its frames on disk."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import cast

from raicl.common.clip import Clip, Split
from raicl.common.terminal.wording import printable
from raicl.data.disk.tree import Listing, Unusable
from raicl.data.records import Footage, Frame
from raicl.data.sheets.sheet import cell_integer, cell_text

# all emotions and classes that the databases annotate
EMOTIONS = frozenset(("anger", "contempt", "disgust", "fear", "happiness", "others")) | frozenset(
    ("negative", "positive", "repression", "sadness", "surprise", "tense")
)
EMOTION_ALIASES = {"other": "others", "happy": "happiness", "sad": "sadness", "angry": "anger"}
NO_APEX = frozenset(("", "/", "\\", "-", "?", "n/a", "na", "nan", "none"))
# 29,97 as many spreadsheets write it; not 1,000, which may be a thousand
_DECIMAL_COMMA = re.compile(r"[0-9]+,(?!000$)([0-9]{1,2}|[0-9]{4,6})|[0-9]{2,3},(?!000$)[0-9]{3}")
_LARGEST = 2**31 - 1  # frame numbers are stored as int32


def annotate(
    cells: Mapping[str, object],
    *,
    dataset: str,
    subject: str,
    name: str,
    sheet: str = "",
    fps: float | None = None,
    flags: tuple[str, ...] = (),
    repeated: bool = False,
) -> Clip:
    """Make a clip from the cells of its row: onset, apex, offset, emotion, fps and split.

    A missing or impossible apex only adds a flag, because stage 1 does not need it. `fps` is the
    frame rate of rows that have none of their own.

    Raises
    ------
    Unusable : onset or offset is no frame number, they are in the wrong order, there is no emotion,
        or the frame rate is not a positive number.
    """
    onset, offset = _frame(cells, "onset"), _frame(cells, "offset")
    if onset >= offset:
        raise Unusable(f"its onset {onset} is not before its offset {offset}")
    apex, apex_flags = read_apex(cells.get("apex"), onset, offset)
    emotion = read_emotion(cells.get("emotion"))
    unknown = () if emotion in EMOTIONS else ("emotion-unknown",)
    return Clip(
        dataset=dataset,
        subject=subject,
        name=name,
        emotion=emotion,
        onset=onset,
        offset=offset,
        apex=apex,
        fps=read_fps(cells.get("fps"), fps),
        sheet=sheet,
        flags=(*flags, *apex_flags, *unknown),
        repeated=repeated,
        split=cast(Split, cell_text(cells.get("split"))),  # checked by the reader
    )


def read_apex(cell: object, onset: int, offset: int) -> tuple[int | None, tuple[str, ...]]:
    """The apex, or None and the flag ``apex-missing`` or (not in the clip) ``apex-implausible``."""
    if cell_text(cell).casefold() in NO_APEX:
        return None, ("apex-missing",)
    apex = cell_integer(cell)
    if apex is None or not onset <= apex <= offset:
        return None, ("apex-implausible",)
    return apex, ()


def read_emotion(cell: object) -> str:
    """The emotion in lower case, one spelling per emotion (``Other`` is ``others``)."""
    emotion = cell_text(cell).casefold()
    if not emotion:
        raise Unusable("its row has no emotion")
    return EMOTION_ALIASES.get(emotion, emotion)


def read_fps(cell: object, otherwise: float | None) -> float | None:
    """Frames per second, or `otherwise` if the cell is empty or absent."""
    text = cell_text(cell)
    if not text:
        return otherwise
    try:
        fps = float(text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text)
    except ValueError:
        fps = math.nan
    if not 0 < fps < math.inf:
        raise Unusable(f"its fps {printable(text)[:40]!r} is not a positive number")
    return fps


def attach_frames(clip: Clip, listing: Listing) -> Footage:
    """Attach the frames on disk from onset to offset. Missing frames after the onset add a flag.

    ``truncated``: the annotated offset is not on disk, so the clip ends with the last frame before
    it. This is known for one clip in a release of CASME II. ``frame-gap``: frames in between are
    missing.

    Raises
    ------
    Unusable : the onset frame or a second frame is not on disk, or a file in between is no frame.
    """
    for number in sorted(listing.refused):
        if clip.onset <= number <= clip.offset:
            raise Unusable(listing.refused[number])
    numbers = sorted(n for n in listing.frames if clip.onset <= n <= clip.offset)
    if not listing.frames:
        raise no_frame(listing)
    if not numbers or numbers[0] != clip.onset:
        raise Unusable(
            f"its onset frame {clip.onset} is not on disk, where frames "
            f"{min(listing.frames)} to {max(listing.frames)} are"
        )
    if len(numbers) < 2:
        raise Unusable("only its onset frame is on disk")
    flags = clip.flags
    if numbers[-1] < clip.offset:
        flags += ("truncated",)
    if len(numbers) < numbers[-1] - clip.onset + 1:
        flags += ("frame-gap",)
    frames = tuple(Frame(number, listing.frames[number]) for number in numbers)
    return Footage(dataclasses.replace(clip, flags=flags), frames)


def no_frame(listing: Listing) -> Unusable:
    """The reason of a clip whose folder holds no frame, with what it holds instead."""
    return Unusable("its folder holds no frame" + (listing.instead and f"; {listing.instead}"))


def _frame(cells: Mapping[str, object], name: str) -> int:
    number = cell_integer(cells.get(name))
    if number is None or not 0 <= number <= _LARGEST:
        value = printable(cell_text(cells.get(name)))[:40]
        raise Unusable(f"its {name} {value!r} is not a frame number" if value else f"no {name}")
    return number
