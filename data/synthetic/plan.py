"""What a synthetic database shows: subjects, emotions and frame numbers, without files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from raicl.common.clip import Split
from raicl.data.synthetic.course import Course, draw_apex, draw_frames
from raicl.data.synthetic.difficulty import Difficulty
from raicl.data.synthetic.proportions import Proportions, schedule_proportions
from raicl.data.synthetic.units import EMOTIONS, SIMILAR

Schedule = tuple[tuple[str, ...], ...]
_RARE = ("others", "sadness", "fear")  # outside the three composite classes


@dataclass(frozen=True)
class Scene:
    """One clip before it is rendered.

    Attributes
    ----------
    subject, index : counted from 0; the pair is unique.
    emotion : key of `EMOTIONS`.
    units : action units shown.
    onset : number of the annotated onset frame.
    frames : number of frames T from the onset to the offset.
    apex : index of the strongest frame, 0 < apex < T - 1.
    apex_known : whether the sheet gives the apex (CASME II has one clip without).
    split : see `raicl.common.clip.Clip.split`.
    weak : those of `units` that are weak on purpose; see `Difficulty.weak`.
    course : how its motion rises and falls.
    margin : number of frames on disk before the onset, and after the offset.
    """

    subject: int
    index: int
    emotion: str
    units: tuple[int, ...]
    onset: int
    frames: int
    apex: int
    apex_known: bool = True
    split: Split = ""
    weak: tuple[int, ...] = ()
    course: Course = "symmetric"
    margin: int = 0

    @property
    def offset(self) -> int:
        """Number of the annotated offset frame."""
        return self.onset + self.frames - 1


def schedule_emotions(subjects: int, clips: int) -> Schedule:
    """Emotions (subjects, clips), balanced over the composite classes for every subject.

    Happiness, surprise and a negative emotion (disgust and repression in turn) alternate. If there
    are at least four clips, every second subject shows a rare emotion in place of one of them. The
    three classes are replaced in turn. So 6 subjects are enough to show every emotion.
    """
    table = []
    for subject in range(subjects):
        emotions = [_in_turn(clip, subject) for clip in range(clips)]
        if clips >= 4 and subject % 2 == 0:
            turn = subject // 2
            # the replaced class shifts after each round of rare emotions
            emotions[(turn + turn // len(_RARE)) % 3] = _RARE[turn % len(_RARE)]
        table.append(tuple(emotions))
    return tuple(table)


def _in_turn(clip: int, subject: int) -> str:
    """The emotion of the composite class whose turn it is."""
    negative = ("disgust", "repression")[(clip // 3 + subject) % 2]
    return ("happiness", "surprise", negative)[clip % 3]


def plan_scenes(
    subjects: int,
    clips: int,
    seed: int,
    *,
    test_clips: int = 0,
    difficulty: Difficulty | None = None,
    course: Course = "symmetric",
    proportions: Proportions | None = None,
    margin: int = 0,
) -> tuple[Scene, ...]:
    """Plan all clips, by subject. The first one with emotion "others" has no apex in the sheet.

    Parameters
    ----------
    test_clips : number of clips per subject that are only tested; they show composite classes only.
        The other clips stay the same, but are then only trained on.
    difficulty : decides the action units. None means the documented default.
    course : decides the lengths and the places of the apex.
    proportions : of the classes, in the clips that are only tested as well. None means as many of
        each.
    margin : see `Scene`. The numbers of all frames grow by it, so that the first is still above 0.

    Raises
    ------
    UsageError : there are fewer clips than classes, with `proportions`.
    """
    scenes: list[Scene] = []
    without_apex = 1
    trained, tested = _schedules(subjects, clips, test_clips, proportions)
    for subject, emotions in enumerate(trained):
        rng = np.random.default_rng([seed, 0, subject])
        shown = [str(emotion) for emotion in rng.permutation(emotions)]
        for index, emotion in enumerate(shown):
            scene = _draw_scene(rng, subject, index, emotion, "train" if test_clips else "", course)
            unknown = emotion == "others" and without_apex > 0
            without_apex -= unknown
            scenes.append(replace(scene, apex_known=not unknown))
        scenes += [
            _draw_scene(rng, subject, index, str(emotion), "test", course)
            for index, emotion in enumerate(rng.permutation(tested[subject]), start=clips)
        ]
    scenes = [replace(scene, onset=scene.onset + margin, margin=margin) for scene in scenes]
    if difficulty is not None and difficulty.weak is not None:
        return _share_strong_units(scenes, difficulty.missing)
    return tuple(scenes)


def _schedules(
    subjects: int, clips: int, test_clips: int, proportions: Proportions | None
) -> tuple[Schedule, Schedule]:
    """Emotions by subject, of the clips to train on and of those that are only tested."""
    if proportions is None:
        balanced = schedule_emotions(subjects, clips)
        return balanced, tuple(
            tuple(_in_turn(clip, subject) for clip in range(test_clips))
            for subject in range(subjects)
        )
    trained = schedule_proportions(subjects, clips, proportions)
    if test_clips:
        return trained, schedule_proportions(subjects, test_clips, proportions)
    return trained, ((),) * subjects


def _share_strong_units(scenes: Sequence[Scene], missing: float) -> tuple[Scene, ...]:
    """The same scenes with the units of `SIMILAR`; some test clips lack the strong one."""
    planned, tested = [], 0
    for scene in scenes:
        if scene.emotion not in SIMILAR:
            planned.append(scene)
            continue
        strong, weak = SIMILAR[scene.emotion]
        units: tuple[int, ...] = (strong, weak)
        if scene.split == "test":
            # exactly the share, spread evenly over people
            if math.floor((tested + 1) * missing + 1e-9) > math.floor(tested * missing + 1e-9):
                units = (weak,)
            tested += 1
        planned.append(replace(scene, units=units, weak=(weak,)))
    return tuple(planned)


def _draw_scene(
    rng: np.random.Generator, subject: int, index: int, emotion: str, split: Split, course: Course
) -> Scene:
    mixtures = EMOTIONS[emotion]
    frames = draw_frames(rng, course)
    return Scene(
        subject=subject,
        index=index,
        emotion=emotion,
        units=mixtures[rng.integers(len(mixtures))],
        onset=_draw_onset(rng, (subject + index) % 3),
        frames=frames,
        apex=draw_apex(rng, frames, course),
        split=split,
        course=course,
    )


def _draw_onset(rng: np.random.Generator, kind: int) -> int:
    """Draw the number of the first frame. In two of the kinds, numbers gain a digit midway.

    Sorted as text, their frames would be out of order (img10 before img9). The ranges are chosen
    for the shortest clip, which has 26 frames.
    """
    low, high = ((1, 9), (76, 95), (101, 400))[kind]
    return int(rng.integers(low, high + 1))
