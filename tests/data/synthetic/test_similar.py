"""Difficulty `similar`: only a weak action unit tells two of the three classes apart."""

from collections import Counter

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from raicl.data.synthetic.difficulty import DIFFICULTIES
from raicl.data.synthetic.face import draw_face
from raicl.data.synthetic.field import displace
from raicl.data.synthetic.motion import Motion, draw_habits, draw_motion, peak, raw_per_crop
from raicl.data.synthetic.plan import plan_scenes
from raicl.data.synthetic.units import SIMILAR

SIZE = (640, 480)


def test_both_classes_share_the_strong_unit_and_the_third_keeps_its_own() -> None:
    scenes = plan_scenes(6, 6, 0, test_clips=9, difficulty=DIFFICULTIES["similar"])
    for scene in scenes:
        if scene.emotion in SIMILAR:
            assert scene.units == SIMILAR[scene.emotion]
            assert scene.weak == SIMILAR[scene.emotion][1:]
        else:
            assert scene.weak == ()
    assert {strong for strong, _ in SIMILAR.values()} == {12}
    plain = plan_scenes(6, 6, 0, test_clips=9)
    assert [(s.emotion, s.frames, s.apex) for s in scenes] == [
        (s.emotion, s.frames, s.apex) for s in plain
    ]


def test_the_strong_unit_is_missing_in_a_third_of_the_test_clips_and_in_no_other() -> None:
    scenes = plan_scenes(12, 6, 0, test_clips=40, difficulty=DIFFICULTIES["similar-missing"])
    shared = [scene for scene in scenes if scene.emotion in SIMILAR]
    alone = Counter(scene.split for scene in shared if scene.units == scene.weak)
    tested = sum(scene.split == "test" for scene in shared)
    assert set(alone) == {"test"}
    assert abs(alone["test"] - tested / 3) < 1
    classes = Counter(s.emotion == "happiness" for s in shared if s.units == s.weak)
    assert abs(classes[True] / alone["test"] - 0.5) < 0.1


def similar_motion(seed: int, emotion: str) -> tuple[Motion, np.ndarray]:
    """A motion, and 15 x 15 places on the face, (225, 2)."""
    rng = np.random.default_rng([9, seed])
    difficulty = DIFFICULTIES["similar"]
    face, habits = draw_face(rng, SIZE), draw_habits(rng, difficulty)
    strong, weak = SIMILAR[emotion]
    motion = draw_motion(
        rng, (strong, weak), 30, 14, face=face, habits=habits, difficulty=difficulty, size=SIZE,
        weak=(weak,),
    )  # fmt: skip
    steps = np.linspace(-0.6, 0.6, 15) * face.box_side
    places = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2) + face.centre
    return motion, places


@pytest.mark.parametrize("seed", range(5))
def test_the_weak_unit_reaches_its_share_of_the_strong_one(seed: int) -> None:
    motion, _ = similar_motion(seed, "disgust")
    assert set(motion.unit[motion.strong]) == {12}
    weak = motion.action & ~motion.strong
    assert set(motion.unit[weak]) == {4}
    ratio = peak(motion.bumps.chosen(weak), SIZE) / peak(motion.bumps.chosen(motion.strong), SIZE)
    assert 0.35 <= ratio <= 0.5
    face = draw_face(np.random.default_rng([9, seed]), SIZE)
    assert peak(motion.bumps.chosen(weak), SIZE) / raw_per_crop(face) > 0.15  # px of the crop


def test_only_the_weak_unit_tells_the_two_classes_apart() -> None:
    inputs: dict[str, list[np.ndarray]] = {"strong": [], "weak": []}
    labels = []
    for seed in range(160):
        emotion = ("happiness", "disgust")[seed % 2]
        motion, places = similar_motion(seed, emotion)
        labels.append(seed % 2)
        weights = motion.weights[motion.apex]
        for part, chosen in (("strong", motion.strong), ("weak", motion.action & ~motion.strong)):
            inputs[part].append(displace(motion.bumps, weights * chosen, places).ravel())
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    score = {
        part: cross_val_score(model, rows, labels, cv=5).mean() for part, rows in inputs.items()
    }
    assert score["weak"] > 0.95
    assert score["strong"] < 0.65  # chance is a half
