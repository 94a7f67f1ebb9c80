"""Frames around the annotation: what they show, and that a wrong annotation finds them."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from raicl.data.database import read_database
from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.plan import Scene, plan_scenes
from raicl.data.synthetic.tree import LAYOUTS
from raicl.data.synthetic.truth import read_truth, true_flow
from raicl.preprocess.annotation_error import misplace
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings

CASME2 = LAYOUTS["casme2"]
MARGIN = 4


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Scene, ...]]:
    folder = tmp_path_factory.mktemp("synthetic") / "wide"
    return folder, make_database(folder, subjects=2, clips=1, seed=5, margin=MARGIN, jobs=1)


def truth_of(folder: Path, scene: Scene) -> Path:
    return folder / "truth" / CASME2.subject(scene) / f"{CASME2.clip(scene)}.npz"


def test_the_plan_is_the_same_with_higher_frame_numbers() -> None:
    plain = plan_scenes(3, 4, 0, test_clips=2)
    for scene, other in zip(plan_scenes(3, 4, 0, test_clips=2, margin=12), plain, strict=True):
        assert replace(scene, onset=other.onset, margin=0) == other
        assert scene.onset - scene.margin == other.onset >= 1


def test_the_folder_holds_the_margin_and_the_sheet_does_not(
    wide: tuple[Path, tuple[Scene, ...]],
) -> None:
    folder, scenes = wide
    for item, scene in zip(read_database("synthetic", root=folder).footage, scenes, strict=True):
        assert (item.clip.onset, item.clip.offset) == (scene.onset, scene.offset)
        assert item.clip.apex == scene.onset + scene.apex
        assert len(item.frames) == scene.frames
        names = {path.name for path in item.frames[0].path.parent.iterdir()}
        first, last = scene.onset - MARGIN, scene.offset + MARGIN
        assert names == {f"img{number}.jpg" for number in range(first, last + 1)}


def test_the_truth_covers_the_margin_from_the_annotated_onset(
    wide: tuple[Path, tuple[Scene, ...]],
) -> None:
    folder, scenes = wide
    for scene in scenes:
        path = truth_of(folder, scene)
        motion, frames, _ = read_truth(path)
        assert list(frames) == list(range(scene.onset - MARGIN, scene.offset + MARGIN + 1))
        assert frames[motion.apex] == scene.onset + scene.apex
        action = motion.weights[:, motion.action]
        assert np.abs(action[: MARGIN + 1]).max() == 0
        assert np.abs(action[-MARGIN - 1 :]).max() < 1e-12
        assert np.abs(true_flow(path, scene.onset)).max() < 1e-4
        # the head moves on at the same pace: no frame jumps
        steps = np.abs(np.diff(motion.drift[:, :2], axis=0))
        assert steps[:MARGIN].max() > 0
        assert steps.max() < 0.15


def test_without_a_margin_the_motion_is_the_same(
    wide: tuple[Path, tuple[Scene, ...]], tmp_path: Path
) -> None:
    folder, scenes = wide
    plain = make_database(tmp_path, subjects=2, clips=1, seed=5, jobs=1)
    for scene, other in zip(scenes, plain, strict=True):
        motion, _, _ = read_truth(truth_of(folder, scene))
        short, _, _ = read_truth(truth_of(tmp_path, other))
        inside = slice(MARGIN, -MARGIN)
        np.testing.assert_array_equal(motion.weights[inside], short.weights)
        np.testing.assert_array_equal(motion.drift[inside], short.drift)
        np.testing.assert_array_equal(motion.bumps.centre, short.bumps.centre)


def test_a_frame_of_the_margin_warped_back_by_its_truth_is_the_onset(
    wide: tuple[Path, tuple[Scene, ...]],
) -> None:
    folder, scenes = wide
    for scene in scenes:
        clip = folder / CASME2.pictures / CASME2.subject(scene) / CASME2.clip(scene)
        flow = true_flow(truth_of(folder, scene), scene.offset + MARGIN)
        onset, last = (
            cv2.imread(str(clip / f"img{number}.jpg"), cv2.IMREAD_GRAYSCALE).astype(np.float32)
            for number in (scene.onset, scene.offset + MARGIN)
        )
        x, y = np.meshgrid(np.arange(640, dtype=np.float32), np.arange(480, dtype=np.float32))
        back = cv2.remap(last, x + flow[0], y + flow[1], cv2.INTER_CUBIC)
        face = (slice(120, 380), slice(200, 440))
        assert np.abs(back - onset)[face].mean() < np.abs(last - onset)[face].mean()


def test_an_annotation_that_is_wrong_outwards_finds_its_frames(
    wide: tuple[Path, tuple[Scene, ...]], tmp_path: Path
) -> None:
    folder, scenes = wide
    settings = PrepSettings(
        onset_error=-MARGIN, offset_error=MARGIN, size=65, n_frames=2, flow="dis"
    )
    database = misplace(
        read_database("synthetic", root=folder), onset_error=-MARGIN, offset_error=MARGIN
    )
    out = tmp_path / "flows.h5"
    assert [result.status for result in prepare(database, out, settings)] == ["computed"] * 2
    for record, scene in zip(open_cache(out).records, scenes, strict=True):
        assert record.clip.onset == scene.onset - MARGIN
        assert record.clip.offset == scene.offset + MARGIN
    further = misplace(
        read_database("synthetic", root=folder), onset_error=-MARGIN - 1, offset_error=0
    )
    assert all("is not on disk" in item.problem for item in further.footage)
