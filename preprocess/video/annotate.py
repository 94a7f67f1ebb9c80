"""Annotated videos: the frames of inputs with what a model says of their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import ConflictError, InputError
from raicl.common.files import replace_atomically
from raicl.common.predicted import PredictedClip, Predictions
from raicl.common.terminal.wording import counted
from raicl.data.encoding import write_video
from raicl.data.records import Frame
from raicl.preprocess.frames import read_frame
from raicl.preprocess.opencv import opencv
from raicl.preprocess.pictures import check_picture, format_of
from raicl.preprocess.video.decoding import decode_colour
from raicl.preprocess.video.intervals import name_inputs
from raicl.preprocess.video.recording import Recording, open_recording

Colour = NDArray[np.uint8]

_LINE = 0.045  # height of a line of text, share of the frame's
_LEAST_LINE = 14  # px
_WHITE, _DARK = (255, 255, 255), (30, 30, 30)
_SHOWN = (60, 200, 255)  # BGR of the bar during an interval
_ON_ALL = "research only"  # stands on every frame


def annotate(predictions: Predictions, out: Path) -> list[Path]:
    """Write one mp4 per input: its frames, and on those of an interval what was predicted.

    Every frame says that it is for research only. A caller gives the frame rate of folders through
    the clips.

    Parameters
    ----------
    out : folder, new or empty.

    Returns
    -------
    The files, in the order of the inputs.

    Raises
    ------
    InputError : there are no clips, or an input is gone or cannot be decoded.
    ConflictError : `out` is not empty.
    SetupError : this OpenCV writes no MPEG-4.
    """
    by_input: dict[str, list[PredictedClip]] = {}
    for clip in predictions.clips:
        by_input.setdefault(clip.input, []).append(clip)
    if not by_input:
        raise InputError("no clip was predicted: there is nothing to draw")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConflictError("the output is not empty", where=str(out), fix="name a new folder")
    names = name_inputs(list(by_input))
    recordings = [
        open_recording(given, name=names[given], fps=_folder_rate(given, clips))
        for given, clips in by_input.items()
    ]
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for recording in recordings:
        path = out / f"{recording.name}.mp4"
        with replace_atomically(path) as temporary:
            # OpenCV chooses the container by the ending
            whole = temporary.with_name(f"{temporary.name}.mp4")
            _write(whole, recording, by_input[recording.given])
            whole.replace(temporary)
        files.append(path)
    return files


def _folder_rate(given: str, clips: Sequence[PredictedClip]) -> float | None:
    return clips[0].fps if Path(given).is_dir() else None


def _write(path: Path, recording: Recording, clips: Sequence[PredictedClip]) -> None:
    try:
        write_video(path, _drawn(recording, clips), recording.fps)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _drawn(recording: Recording, clips: Sequence[PredictedClip]) -> Iterator[Colour]:
    for index, frame in _frames(recording):
        number = recording.numbers[index]
        yield draw(frame, [clip for clip in clips if clip.onset <= number <= clip.offset])


def _frames(recording: Recording) -> Iterator[tuple[int, Colour]]:
    if recording.kind == "video":
        yield from decode_colour(recording.path, lambda _: True, len(recording.numbers) - 1)
        return
    cv2 = opencv()
    for index, number in enumerate(recording.numbers):
        raw = read_frame(Frame(number, recording.files[number]))
        content = raw.content
        check_picture(content, format_of(content), raw.place)
        mode = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
        frame = cv2.imdecode(np.frombuffer(content, np.uint8), mode)
        if frame is None or frame.shape[1::-1] != recording.size:
            raise InputError(
                f"frame {number} is damaged or of another size",
                where=recording.given,
                fix="copy the frames again",
            )
        if frame.dtype != np.uint8:
            frame = np.minimum(frame >> (recording.bits - 8), 255).astype(np.uint8)
        yield index, frame


def draw(frame: Colour, clips: Sequence[PredictedClip]) -> Colour:
    """A frame (h, w, 3) with a line for each clip that it belongs to, and a bar around them."""
    cv2 = opencv()
    drawn = frame.copy()
    height, width = drawn.shape[:2]
    line = max(_LEAST_LINE, round(_LINE * height))
    lines = [_say(clip) for clip in clips]
    if lines:
        cv2.rectangle(drawn, (0, 0), (width - 1, height - 1), _SHOWN, max(2, line // 6))
    for number, text in enumerate(lines):
        _put(drawn, text, line * (number + 1), line)
    _put(drawn, _ON_ALL, height - line // 3, line)
    return drawn


def _say(clip: PredictedClip) -> str:
    share = clip.probabilities[clip.class_name]
    flags = f", {counted(len(clip.flags), 'flag')}" if clip.flags else ""
    return f"{clip.class_name} {share:.2f}, frames {clip.onset}-{clip.offset} ({clip.how}){flags}"


def _put(frame: Colour, text: str, bottom: int, line: int) -> None:
    """Write light text on a dark ground, smaller where the frame is narrow.

    An outline of a second stroke would not fit: newer fonts of OpenCV grow wider with the stroke.
    """
    cv2 = opencv()
    font, size, left = cv2.FONT_HERSHEY_SIMPLEX, line / 32, line // 2
    (wide, _), _ = cv2.getTextSize(text, font, size, 1)
    size *= min(1.0, (frame.shape[1] - 2 * line) / max(wide, 1))
    (wide, high), below = cv2.getTextSize(text, font, size, 1)
    corners = (left - 2, bottom - high - 2), (left + wide + 2, bottom + below)
    cv2.rectangle(frame, *corners, _DARK, cv2.FILLED)
    cv2.putText(frame, text, (left, bottom), font, size, _WHITE, 1, cv2.LINE_AA)
