"""The course of a clip in time: lengths and apexes as in real clips, and what moves when."""

import json
from pathlib import Path

import numpy as np
import pytest

from raicl.common.sampling.frames import middle_frames
from raicl.data.synthetic.course import rise_and_fall, rise_hold_decay
from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.plan import plan_scenes
from raicl.data.synthetic.truth import read_truth


@pytest.mark.parametrize("seed", [0, 1])
def test_published_clips_are_as_long_as_those_of_casme2(seed: int) -> None:
    frames = [scene.frames for scene in plan_scenes(90, 40, seed, course="published")]
    found = np.quantile(frames, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert np.abs(found - [36, 51, 64, 86, 100]).max() <= 2
    assert min(frames) >= 26


@pytest.mark.parametrize("seed", [0, 1])
def test_published_apexes_are_as_often_in_the_middle_as_annotated_ones(seed: int) -> None:
    scenes = plan_scenes(90, 40, seed, course="published")
    assert all(0 < scene.apex < scene.frames - 1 for scene in scenes)
    assert 0.44 < np.median([scene.apex / (scene.frames - 1) for scene in scenes]) < 0.51
    inside = [scene.apex in middle_frames(scene.frames, 16) for scene in scenes]
    assert 0.50 < np.mean(inside) < 0.61
    plain = [scene.apex in middle_frames(scene.frames, 16) for scene in plan_scenes(90, 40, seed)]
    assert np.mean(plain) > 0.7  # the symmetric course is easier than real clips are


@pytest.mark.parametrize(("frames", "apex"), [(26, 2), (64, 30), (100, 98)])
def test_the_motion_rises_to_its_apex_stays_near_it_and_decays_to_a_rest(
    frames: int, apex: int
) -> None:
    course = rise_hold_decay(frames, apex, hold=0.25, rest=0.3)
    assert course.shape == (frames,)
    assert course[0] == 0
    assert course[apex] == 1
    assert course.argmax() == apex
    assert course[-1] == pytest.approx(0.3)
    assert (np.diff(course[: apex + 1]) > 0).all()
    assert (np.diff(course[apex:]) < 0).all()
    held = apex + (frames - 1 - apex) // 4
    assert course[held] >= 0.97
    np.testing.assert_array_equal(course[:apex], rise_and_fall(frames, apex)[:apex])


def test_a_published_database_says_so_and_keeps_its_course_in_the_truth(tmp_path: Path) -> None:
    [scene, *_] = make_database(tmp_path, subjects=1, clips=1, seed=3, jobs=1, course="published")
    assert json.loads((tmp_path / "truth/settings.json").read_text())["course"] == "published"
    [path] = (tmp_path / "truth").rglob("*.npz")
    motion, frames, _ = read_truth(path)
    assert len(frames) == scene.frames
    action = motion.weights[:, motion.action]
    assert (action[0] == 0).all()
    assert (action[scene.apex] == 1).all()
    assert (action.argmax(axis=0) == scene.apex).all()
    assert (action[-1] > 0).all()
    assert (action[-1] < 0.55).all()  # a rest of up to 0.4, to a power of 0.8 at least
