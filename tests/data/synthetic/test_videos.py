"""Synthetic people as videos: the motion of the database, at another rate, with its truth."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.errors import UsageError
from raicl.common.terminal.misuse import run
from raicl.common.terminal.umbrella import build
from raicl.data.encoding import write_video
from raicl.data.synthetic.course import rise_and_fall
from raicl.data.synthetic.difficulty import Difficulty
from raicl.data.synthetic.face import draw_face
from raicl.data.synthetic.footage import at_rate, draw_recording
from raicl.data.synthetic.motion import draw_habits, draw_motion
from raicl.data.synthetic.plan import plan_scenes
from raicl.data.synthetic.rotation import set_rotation
from raicl.data.synthetic.videos import TABLE

SIZE = (640, 480)


def test_a_slower_camera_sees_the_same_motion_at_its_times() -> None:
    rng = np.random.default_rng(0)
    face, habits = draw_face(rng, SIZE), draw_habits(rng, Difficulty())
    motion = draw_motion(
        rng, (12,), 41, 20, face=face, habits=habits, difficulty=Difficulty(), size=SIZE
    )
    slow = at_rate(motion, 50)
    np.testing.assert_allclose(slow.weights, motion.weights[::4])
    np.testing.assert_allclose(slow.drift, motion.drift[::4])
    assert slow.apex == 5
    odd = at_rate(motion, 30)
    assert len(odd.weights) == 7  # 0.2 s
    assert np.abs(odd.weights[3] - motion.weights[20]).max() < 1e-9


def test_a_recording_moves_in_its_intervals_and_rests_between() -> None:
    rng = np.random.default_rng(1)
    face, habits = draw_face(rng, SIZE), draw_habits(rng, Difficulty())
    motion, shown = draw_recording(
        rng,
        face=face,
        habits=habits,
        difficulty=Difficulty(),
        size=SIZE,
        expressions=3,
        fps=30,
    )
    assert len(shown) == 3
    moving = np.abs(motion.weights[:, motion.action]).max(axis=1) > 1e-6
    inside = np.zeros(len(moving), bool)
    for one in shown:
        inside[one.onset : one.offset + 1] = True
        assert moving[one.onset : one.offset + 1].any()
        assert one.onset < one.offset
    assert not moving[~inside].any()
    assert np.abs(np.diff(motion.drift[:, :2], axis=0)).max() < 1  # it sways, and never jumps
    assert rise_and_fall(9, 4)[0] == 0


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films") / "x"
    words = (
        "--subjects",
        "2",
        "--clips",
        "1",
        "--video-fps",
        "50",
        "--margin",
        "12",
        "--jobs",
        "1",
    )
    run(build(), ["synth", str(folder), "--layout", "video", *words])
    return folder


def test_each_clip_is_a_video_with_a_row_of_its_truth(films: Path) -> None:
    with (films / TABLE).open() as stream:
        rows = list(csv.DictReader(stream))
    scenes = plan_scenes(2, 1, 0, difficulty=Difficulty(), margin=12)
    for row, scene in zip(rows, scenes, strict=True):
        capture = cv2.VideoCapture(str(films / row["input"]))
        assert capture.get(cv2.CAP_PROP_FPS) == 50
        assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == (scene.frames + 2 * 12 - 1) // 4 + 1
        assert int(row["onset"]) == 3
        assert int(row["offset"]) == round((12 + scene.frames - 1) / 4)
        assert row["emotion"] == scene.emotion
    assert {path.name for path in films.iterdir()} == {TABLE, *(row["input"] for row in rows)}


def test_the_last_one_is_stored_on_its_side_and_shown_upright(films: Path) -> None:
    *_, path = sorted(films.glob("*.mp4"))
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_ORIENTATION_META) == 90
    assert capture.read()[1].shape == (480, 640, 3)
    capture.release()
    raw = cv2.VideoCapture(str(path))
    raw.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    assert raw.read()[1].shape == (640, 480, 3)


def test_without_loss_nothing_is_lost(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 48, 64, 1), dtype=np.uint8)
    frames = list(np.repeat(grey, 3, axis=3))
    assert write_video(tmp_path / "a.mkv", frames, 30) == 3
    capture = cv2.VideoCapture(str(tmp_path / "a.mkv"))
    for frame in frames:
        assert np.abs(capture.read()[1].astype(int) - frame).max() <= 1


def test_a_file_without_a_track_is_not_patched(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0")
    with pytest.raises(ValueError, match="no box moov"):
        set_rotation(path, 90, (64, 48))


def test_options_of_the_other_layouts_are_refused(tmp_path: Path) -> None:
    recording = ("--layout", "recording")
    for words in (
        ("--video-fps", "30"),
        ("--layout", "video", "--test-clips", "1"),
        ("--layout", "video", "--difficulty", "similar-missing"),
        (*recording, "--difficulty", "similar"),
        (*recording, "--course", "published"),
        (*recording, "--margin", "3"),
    ):
        with pytest.raises(UsageError):
            run(build(), ["synth", str(tmp_path / "x"), *words])
    assert not (tmp_path / "x").exists()
