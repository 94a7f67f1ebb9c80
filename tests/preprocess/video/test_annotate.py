"""`raicl annotate`: one video per input, marked on the frames of an interval alone."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.errors import ConflictError, InputError
from raicl.common.predicted import PredictedClip, Predictions, read_predicted
from raicl.preprocess.video.annotate import annotate, draw
from tests.peak import begin_peak, memory_mb
from tests.preprocess.overlong import overlong
from tests.preprocess.video.conftest import Write


def clip(video: Path, onset: int = 4, offset: int = 8) -> dict[str, object]:
    return {
        "clip": "video/a/4-8",
        "input": str(video),
        "onset": onset,
        "offset": offset,
        "class": "surprise",
        "probabilities": {"surprise": 0.75, "negative": 0.25},
        "flags": [{"name": "face-small", "value": 30.0, "limit": 40.0, "sentence": "small"}],
        "how": "proposed",
    }


def write_json(path: Path, *clips: dict[str, object]) -> Path:
    path.write_text(json.dumps({"version": 1, "clips": clips, "more": 1}))
    return path


def test_the_frames_of_an_interval_are_marked_and_every_frame_says_research(
    write: Write, tmp_path: Path
) -> None:
    plain = np.full((240, 320, 3), 120, np.uint8)
    video = write("a.mp4", [plain] * 12, fps=25)
    found = read_predicted(write_json(tmp_path / "p.json", clip(video)))
    [path] = annotate(found, tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a.mp4"]
    capture = cv2.VideoCapture(str(path))
    frames = [capture.read()[1] for _ in range(12)]
    assert not capture.read()[0]
    assert capture.get(cv2.CAP_PROP_FPS) == 25
    marked = [
        bool(frame[100:140, :2].std() + abs(frame[120, 0].mean() - 120) > 20) for frame in frames
    ]
    assert marked == [4 <= number <= 8 for number in range(12)]
    assert all(frame[-30:, :160].std() > 10 for frame in frames)


def test_a_narrow_frame_holds_the_whole_text() -> None:
    wide = PredictedClip(
        clip="x", input="x", onset=0, offset=1, class_name="negative",
        probabilities={"negative": 1.0},
    )  # fmt: skip
    drawn = draw(np.zeros((240, 120, 3), np.uint8), [wide])
    assert not (drawn[4:-4, -6:-3] == 255).all(axis=2).any()  # the text ends before the edge


def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(
    write: Write, tmp_path: Path
) -> None:
    video, out = write("a.mp4", [np.zeros((64, 64, 3), np.uint8)] * 5), tmp_path / "out"
    gone = write_json(tmp_path / "g.json", clip(video), clip(tmp_path / "gone.mp4"))
    with pytest.raises(InputError, match="no such video"):
        annotate(read_predicted(gone), out)
    assert not out.exists()
    with pytest.raises(InputError, match="nothing to draw"):
        annotate(read_predicted(write_json(tmp_path / "n.json")), out)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(ConflictError, match="not empty"):
        annotate(read_predicted(write_json(tmp_path / "p.json", clip(video))), tmp_path / "full")
    with pytest.raises(InputError, match=r"clips\.0"):
        read_predicted(write_json(tmp_path / "b.json", {"clip": "x"}))


def test_a_clip_is_written_as_it_is_read(tmp_path: Path) -> None:
    found = read_predicted(write_json(tmp_path / "p.json", clip(Path("a.mp4"))))
    values = found.model_dump(mode="json")
    assert values["clips"][0]["class"] == "surprise"
    assert Predictions.model_validate(values) == found


def test_pictures_of_10_bits_are_drawn_on_as_bright_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(6):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((64, 64), 480, np.uint16))
    said = clip(folder, 4, 5) | {"clip": "video/frames/4-5", "fps": 25}
    [path] = annotate(read_predicted(write_json(tmp_path / "p.json", said)), tmp_path / "out")
    frame = cv2.VideoCapture(str(path)).read()[1]
    assert abs(float(np.median(frame)) - 120) < 8


@pytest.mark.promise("goal 11")
def test_a_frame_of_which_a_part_says_it_is_longer_than_the_file_takes_no_memory(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(6):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((64, 64), 120, np.uint8))
    (folder / "5.png").write_bytes(overlong((folder / "5.png").read_bytes()))
    said = clip(folder, 4, 5) | {"clip": "video/frames/4-5", "fps": 25}
    found = read_predicted(write_json(tmp_path / "p.json", said))
    before = begin_peak()
    with pytest.raises(InputError, match="damaged") as caught:
        annotate(found, tmp_path / "out")
    assert memory_mb("VmHWM") - before < 200
    assert "5.png" in caught.value.where
