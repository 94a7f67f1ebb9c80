"""The loop one would write: joblib, dlib, OpenCV, each used well; nothing of raicl."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import cv2
import dlib
import numpy as np

_SIDE = 224
_EYES = np.float32([[0.32, 0.36], [0.68, 0.36]]) * (_SIDE - 1)


def start_worker(model: str) -> None:
    """Load the models; OpenCV's threads would compete with the other worker's."""
    cv2.setNumThreads(1)
    _models(model)
    blank = np.zeros((_SIDE, _SIDE), np.uint8)
    _solver().calc(blank, blank, None)


def process_clip(paths: list[str], model: str, out: str) -> float:
    """Write (N, 3, 224, 224) float16, flow and strain of all frames against the first, to `out`.

    Returns
    -------
    Seconds of processor time.
    """
    started = time.process_time()
    cv2.setNumThreads(1)
    detector, predictor = _models(model)
    frames = [cv2.imread(path, cv2.IMREAD_GRAYSCALE) for path in paths]
    shape = predictor(frames[0], detector(frames[0], 0)[0])  # once per clip
    points = np.array([(point.x, point.y) for point in shape.parts()], np.float32)
    eyes = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0)])
    transform, _ = cv2.estimateAffinePartial2D(eyes, _EYES)
    crops = [
        cv2.warpAffine(frame, transform, (_SIDE, _SIDE), flags=cv2.INTER_CUBIC) for frame in frames
    ]
    instances = []
    for crop in crops[1:]:
        u, v = _solver().calc(crops[0], crop, None).transpose(2, 0, 1)
        (u_y, u_x), (v_y, v_x) = np.gradient(u), np.gradient(v)
        instances.append(np.stack([u, v, np.sqrt(u_x**2 + v_y**2 + 0.5 * (u_y + v_x) ** 2)]))
    np.save(out, np.array(instances, np.float16))
    return time.process_time() - started


@cache
def _models(model: str) -> tuple[Any, Any]:
    return dlib.get_frontal_face_detector(), dlib.shape_predictor(model)


@cache
def _solver() -> Any:
    return cv2.optflow.DualTVL1OpticalFlow_create()
