"""Detection: the places where a face may be, by detectors that are tried one after another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.face.models import Box, run_cnn, run_hog
from raicl.preprocess.opencv import opencv

_DETECTION_WIDTH = 480  # px; a face of 80 px is enough, and the time grows with the area
_LEAST_FACE = 80  # px, side of the smallest face that HOG finds
_SMALLER = 0.5  # [ours] of the largest face's side; what is smaller is behind whoever is filmed
_PADDING = 0.25  # share of the image's side, for faces that touch the border
HOG_STAGES = 4  # detectors before the CNN
_SCORE_SHARE = 0.5  # a rival below half the best score is not a face (false HOG boxes are larger)


def detect(image: NDArray[np.uint8]) -> Iterator[tuple[str, list[Box]]]:
    """Yield the flag of each detector, empty for the ordinary one, and the boxes that it finds.

    The detectors are HOG on a copy of at most 480 px width, HOG, HOG on the doubled image, HOG on
    the padded image (cropped faces touch the border), and dlib's CNN on it. Each of them runs only
    when it is asked for. The CNN takes seconds.
    """
    shrink = _DETECTION_WIDTH / image.shape[1]
    if shrink < 1:
        cv2 = opencv()
        small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        yield "", [box.scaled(1 / shrink) for box in run_hog(small, 0)]
        yield "face-full-size", run_hog(image, 0)
    else:
        yield "", run_hog(image, 0)
        yield "face-full-size", []  # nothing was shrunk, so the first look was at full size
    yield "face-upsampled", run_hog(image, 1)
    pad_y, pad_x = (round(_PADDING * side) for side in image.shape)
    padded = np.pad(image, ((pad_y, pad_y), (pad_x, pad_x)), mode="edge")
    yield "face-padded", [_unpadded(box, pad_x, pad_y) for box in run_hog(padded, 1)]
    yield "face-cnn", [_unpadded(box, pad_x, pad_y) for box in run_cnn(padded)]


def detect_smaller(image: NDArray[np.uint8], box: Box) -> list[Box]:
    """Boxes of faces beside one that the copy of 480 px showed, down to half its side.

    In that copy a face of less than 80 px is not seen, so that a picture on the wall may be found
    and the person before it not. Empty if the copy shows all of them.
    """
    shrink = _DETECTION_WIDTH / image.shape[1]
    wanted = _LEAST_FACE / (_SMALLER * max(box.right - box.left, 1))
    if shrink >= 1 or wanted <= shrink:
        return []
    if wanted >= 1:
        return run_hog(image, 0)
    cv2 = opencv()
    copy = cv2.resize(image, None, fx=wanted, fy=wanted, interpolation=cv2.INTER_AREA)
    return [found.scaled(1 / wanted) for found in run_hog(copy, 0)]


def choose_faces(boxes: list[Box]) -> list[Box]:
    """The boxes that may be faces, the largest first; of equally large ones, the first detected.

    A box may be a face if its score is at least half the best. By size alone, a false box could
    win.
    """
    best = max((box.score for box in boxes), default=0.0)
    return sorted((box for box in boxes if is_rival(box, best)), key=lambda box: -box.area)


def is_rival(box: Box, best: float) -> bool:
    """Whether a box may be a face beside one with the score `best`."""
    return box.score >= _SCORE_SHARE * best


def _unpadded(box: Box, pad_x: int, pad_y: int) -> Box:
    return Box(box.left - pad_x, box.top - pad_y, box.right - pad_x, box.bottom - pad_y, box.score)
