"""Pictures for the tests of faces: synthetic people, and what is no face."""

from itertools import pairwise

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from raicl.data.synthetic.face import draw_face, pose, render_face
from tests.train.faces import drawn_landmarks


def person(seed: int, *, size: tuple[int, int] = (320, 240), tilt: float = 0.0) -> np.ndarray:
    """A synthetic person, grey (h, w), with a camera's noise; `tilt` in degrees, clockwise."""
    rng = np.random.default_rng([9, seed])
    face = pose(draw_face(rng, size), rng)
    face = type(face)(**(vars(face) | {"angle": face.angle + np.deg2rad(tilt)}))
    picture = render_face(face, size) + 2 * rng.standard_normal((*size[::-1], 1))
    return cv2.cvtColor(np.clip(np.rint(picture), 0, 255).astype(np.uint8), cv2.COLOR_BGR2GRAY)


def drawing() -> np.ndarray:
    """A face drawn with a pen, in which the detector sees a face."""
    points = (drawn_landmarks() * 50 + (160, 95)).round().astype(np.int32)
    paper = np.full((240, 320), 225, np.uint8)
    ends = (0, 17, 22, 27, 31, 36, 42, 48, 60, 68)
    for first, last in pairwise(ends):
        line = points[first:last].reshape(-1, 1, 2)
        cv2.polylines(paper, [line], first in (36, 42, 48, 60), 20, 2, cv2.LINE_AA)
    noise = np.random.default_rng(0).normal(0, 3, paper.shape)
    return np.clip(paper + noise, 0, 255).astype(np.uint8)


def hand() -> np.ndarray:
    """An open hand, shaded, before a wall."""
    shape = np.zeros((240, 320), np.uint8)
    cv2.ellipse(shape, (160, 160), (40, 48), 0, 0, 360, 255, -1)
    for angle, length in zip((-62, -22, -7, 8, 24), (65, 95, 105, 98, 75), strict=True):
        away = np.array([np.sin(np.deg2rad(angle)), -np.cos(np.deg2rad(angle))])
        near, far = ((160, 160) + away * way for way in (35, length))
        cv2.line(shape, near.astype(int).tolist(), far.astype(int).tolist(), 255, 18)
    cv2.rectangle(shape, (132, 190), (188, 240), 255, -1)
    noise = np.random.default_rng(0).normal(0, 3, shape.shape)
    lit = np.where(shape > 0, 190 - 0.2 * np.abs(np.arange(320) - 140), 90) + noise
    return np.clip(gaussian_filter(lit, 1), 0, 255).astype(np.uint8)


def texture(seed: int = 0) -> np.ndarray:
    """Blobs of noise, grey (h, w)."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(240, 320)), 6)
    return np.clip(128 + 45 * noise / noise.std(), 0, 255).astype(np.uint8)
