"""Pairs of pictures between which the motion is known everywhere: faces, textures, amplitudes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from raicl.data.synthetic.face import PHOTO_FACE_SIDE, draw_face, render_face
from raicl.data.synthetic.field import Bumps, dense_field, invert, pixel_grid

SIDE, MARGIN = 224, 8
_WHOLE = SIDE + 2 * MARGIN
_FACE_SHARE = 1.3  # the crop shows this many sides of the detector's box
_MASTER = 2  # pictures are sampled from one twice as fine, as a sensor samples a scene
AMPLITUDES, NOISES = (0.2, 0.5, 1.0, 2.0), (1.0, 2.0)


@dataclass(frozen=True)
class Pair:
    """Onset and frame (240, 240) float32 grey levels, and the true flow (2, 240, 240) px."""

    onset: np.ndarray
    frame: np.ndarray
    truth: np.ndarray


def masters(faces: int, textures: int) -> dict[str, np.ndarray]:
    """Pictures (480, 480) to sample from: synthetic people, and random textures."""
    found = {f"face {seed}": _face(seed) for seed in range(faces)}
    return found | {f"texture {seed}": _texture(seed) for seed in range(textures)}


def make_pair(master: np.ndarray, *, amplitude: float, noise: float, seed: int) -> Pair:
    """Move `master` by bumps of `amplitude` px at their peak and add the camera's noise.

    Five bumps of 14 to 18 px, in random places and directions: between them nothing moves.
    """
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, 5)
    places = [(0.28, 0.27), (0.72, 0.27), (0.33, 0.74), (0.67, 0.74), (0.5, 0.52)]
    bumps = Bumps(
        centre=MARGIN + SIDE * np.array(places) + rng.normal(0, 6, (5, 2)),
        sigma=np.repeat(rng.uniform(14, 18, (5, 1)), 2, axis=1),
        direction=np.stack([np.cos(angle), np.sin(angle)], axis=1),
    )
    truth = dense_field(bumps, np.ones(5), (_WHOLE, _WHOLE))
    truth *= amplitude / np.hypot(*truth).max()
    grid = pixel_grid((_WHOLE, _WHOLE))
    onset, frame = (
        np.rint(sample(master, *points) + rng.normal(0, noise, (_WHOLE, _WHOLE))).clip(0, 255)
        for points in (grid, invert(truth, grid, rounds=12))
    )
    return Pair(onset.astype(np.float32), frame.astype(np.float32), truth)


def sample(master: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Grey levels of `master` at points given in px of the picture, by a spline.

    OpenCV's cubic kernel will not do: it shows small motions half too large.
    """
    points = [_MASTER * (axis + 0.5) - 0.5 for axis in (y.astype(float), x.astype(float))]
    return map_coordinates(master, points, order=3, mode="reflect")


def _face(seed: int) -> np.ndarray:
    side = _MASTER * _WHOLE
    face = draw_face(np.random.default_rng([seed, 7]), (side, side))
    scale = _MASTER * SIDE / _FACE_SHARE / PHOTO_FACE_SIDE
    face = dataclasses.replace(face, scale=scale, centre=(side / 2, 0.53 * side))
    return _pixels(cv2.cvtColor(render_face(face, (side, side)), cv2.COLOR_BGR2GRAY))


def _texture(seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 8])
    side = _MASTER * _WHOLE
    octaves = [gaussian_filter(rng.normal(size=(side, side)), spread) for spread in (2, 5, 14)]
    mixed = sum(octave / octave.std() for octave in octaves)
    return _pixels((128 + 20 * mixed).clip(0, 255).astype(np.float32))


def _pixels(master: np.ndarray) -> np.ndarray:
    """Blur by a sensor's pixel, so that sampling every second one does not alias."""
    return cv2.GaussianBlur(master, (0, 0), 0.5 * _MASTER)
