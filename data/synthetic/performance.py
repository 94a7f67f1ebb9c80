"""Performance: what a scene shows, drawn from the seed alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from raicl.data.synthetic.difficulty import Difficulty
from raicl.data.synthetic.face import Face, draw_face, pose
from raicl.data.synthetic.motion import Motion, draw_habits, draw_motion
from raicl.data.synthetic.plan import Scene


class Performance(NamedTuple):
    """What a scene shows: the posed face, its motion, and the noise of the camera.

    Attributes
    ----------
    noise : standard deviation, grey levels.
    rng : in the state from which the frames' noise is drawn.
    """

    face: Face
    motion: Motion
    noise: float
    rng: np.random.Generator


def perform(scene: Scene, seed: int, difficulty: Difficulty, size: tuple[int, int]) -> Performance:
    """Draw a scene, always the same for a seed: written as pictures or filmed, it shows the same.

    Parameters
    ----------
    size : width and height of a frame, px.
    """
    person = np.random.default_rng([seed, 1, scene.subject])
    face = draw_face(person, size)
    habits = draw_habits(person, difficulty)
    rng = np.random.default_rng([seed, 2, scene.subject, scene.index])
    face = pose(face, rng)
    motion = draw_motion(
        rng,
        scene.units,
        scene.frames,
        scene.apex,
        face=face,
        habits=habits,
        difficulty=difficulty,
        size=size,
        weak=scene.weak,
        course=scene.course,
        margin=scene.margin,
    )
    return Performance(face, motion, rng.uniform(*difficulty.noise), rng)
