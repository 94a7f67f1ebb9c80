"""Frames and videos go through the command of stage 1, with the settings of the model."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.errors import InputError
from raicl.common.predicted import Predictions, read_predicted
from raicl.common.versioned import write_versioned
from raicl.common.video import (
    DATASET,
    VideoFailure,
    VideoInput,
    VideoInterval,
    Videos,
    videos_file,
)
from raicl.preprocess.output import index_settings
from raicl.preprocess.settings import PrepSettings
from raicl.train.settings import TrainSettings
from raicl.train.use import inputs as intake
from raicl.train.use.footage import as_option, stage_1_settings
from raicl.train.use.inputs import is_cache, without_clip
from raicl.train.use.model import Known, Model
from raicl.train.use.ranges import Ranges
from tests.train.caches import write_cache
from tests.train.conftest import Raicl
from tests.train.fitted.models import write_model

PREP = PrepSettings(size=33, align="none", flow="dis", match_light=False, margin=4, n_frames=6)


@pytest.fixture
def folder(tmp_path: Path, small: TrainSettings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a model of crops, and the frames of one more clip."""
    monkeypatch.chdir(tmp_path)
    write_cache(Path("flows.h5"), settings=index_settings(PREP))
    write_model(Path("model"), Path("flows.h5"), small)
    Path("frames").mkdir()
    pattern = np.random.default_rng(0).integers(0, 256, (40, 60), np.uint8)
    pattern = cv2.GaussianBlur(pattern, (0, 0), 2)
    for n in range(12):
        cv2.imwrite(f"frames/img{n:03d}.png", pattern[:, n // 4 : n // 4 + 40])
    return tmp_path


def written() -> Predictions:
    return read_predicted(Path("out/predictions.json"))


def test_frames_are_prepared_as_the_clips_of_the_model_were(
    folder: Path, raicl: Raicl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAICL_SIZE", "97")  # of another experiment
    words = ["--onset", "1", "--offset", "11", "--fps", "100", "--no-pictures"]
    answer = raicl("predict", "model", "frames", "--out", "out", *words)
    assert answer.code == 0, answer.err
    [clip] = written().clips
    assert (clip.input, clip.how, clip.onset, clip.offset) == ("frames", "given", 1, 11)
    assert (clip.onset_s, clip.offset_s, clip.fps) == pytest.approx((0.01, 0.11, 100))
    assert "frame-rate-untrained" in {flag.name for flag in clip.flags}
    assert {path.name for path in Path("out").iterdir()} == {
        "clips.videos.json",
        "predictions.csv",
        "predictions.json",
    }
    assert "given 0.01 to 0.11 s" in answer.out


def test_what_stage_1_refuses_is_said_by_it_and_nothing_is_written(
    folder: Path, raicl: Raicl
) -> None:
    Path("text.mp4").write_text("no video")
    before = set(folder.iterdir())
    answer = raicl("predict", "model", "text.mp4", "--out", "out", "--onset", "1", "--offset", "5")
    assert answer.code == 3
    assert answer.err.count("error: ") == 1
    assert "text.mp4" in answer.err
    assert "Traceback" not in answer.err
    answer = raicl("predict", "model", "frames", "--out", "out", "--onset", "1", "--fps", "100")
    assert answer.code == 2
    assert set(folder.iterdir()) == before


def test_options_of_videos_need_a_video(folder: Path, raicl: Raicl) -> None:
    answer = raicl("predict", "model", "flows.h5", "--out", "out", "--onset", "3")
    assert (answer.code, Path("out").exists()) == (2, False)
    assert "--onset is for videos" in answer.err
    answer = raicl("predict", "model", "flows.h5", "--out", "out", "--video")
    assert (answer.code, Path("out").exists()) == (2, False)


def video(**changed: Any) -> VideoInput:
    values: dict[str, Any] = {
        "path": "long.mp4",
        "name": "long",
        "kind": "video",
        "first": 0,
        "last": 300,
        "n_frames": 301,
        "fps": 30.0,
        "variable_rate": False,
        "rotation": 0,
        "size": (640, 360),
        "pixel_aspect": 1.0,
        "faces": 1,
        "face": 1,
        "searched": True,
        "intervals": (),
        "noise_floor": 0.125,
    }
    return VideoInput(**(values | changed))


def stage_1_says(monkeypatch: pytest.MonkeyPatch, *found: VideoInput) -> None:
    """Let the search have found this, which takes stage 1 long."""

    def prepare(paths: Sequence[Path], model: Model, asked: object, cache: Path) -> None:
        write_versioned(videos_file(cache), Videos(inputs=found, note="This is triage."))

    monkeypatch.setattr(intake, "prepare_footage", prepare)


def test_that_nothing_moved_is_an_answer(
    folder: Path, raicl: Raicl, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage_1_says(monkeypatch, video())
    answer = raicl("predict", "model", "long.mp4", "--out", "out")
    assert answer.code == 0, answer.err
    said = "Nothing moved: in 301 frames, from 0 to 10.0 s, no motion of the face stood out"
    assert f"long.mp4: {said}" in answer.out
    found = written()
    assert found.clips == ()
    assert found.notes == ("This is triage.",)
    [one] = found.without
    assert (one.nothing_moved, one.input) == (True, "long.mp4")
    assert len(Path("out/predictions.csv").read_text().splitlines()) == 1


def test_an_interval_that_cannot_be_prepared_is_told_and_costs_the_exit_code(
    folder: Path, raicl: Raicl, monkeypatch: pytest.MonkeyPatch
) -> None:
    interval = VideoInterval(
        clip="video/long/5-9", onset=5, offset=9, onset_s=0.1, offset_s=0.3, fps=30, how="given"
    )
    failure = VideoFailure(interval=interval, reason="no face in the onset frame")
    failed = video(searched=False, failures=(failure,))
    stage_1_says(monkeypatch, failed)
    [one] = without_clip(failed)
    assert one.sentence == "Frames 5 to 9 have no clip: no face in the onset frame."
    answer = raicl("predict", "model", "long.mp4", "--out", "out")
    assert answer.code == 5
    assert "1 of 1 clips could not be prepared" in answer.err
    assert json.loads(Path("out/predictions.json").read_text())["clips"] == []


def test_clips_of_one_name_in_two_caches_keep_their_own_videos(folder: Path, raicl: Raicl) -> None:
    for name, fps in (("first", 100.0), ("second", 50.0)):
        cache = open_cache(write_cache(Path(f"{name}.h5"), settings=index_settings(PREP)))
        records = [
            replace(
                record,
                clip=replace(record.clip, dataset=DATASET, subject="smile", name=str(number)),
            )
            for number, record in enumerate(cache.records)
        ]
        write_index(cache.path, records, size=33, settings=cache.settings)
        intervals = tuple(
            VideoInterval(
                clip=record.id, onset=10, offset=17, onset_s=10 / fps, offset_s=17 / fps, fps=fps,
                how="given",
            )
            for record in records
        )  # fmt: skip
        one = video(path=f"{name}/smile.mp4", name="smile", searched=False, intervals=intervals)
        write_versioned(videos_file(cache.path), Videos(inputs=(one,), note=""))
    answer = raicl("predict", "model", "first.h5", "second.h5", "--out", "out", "--no-pictures")
    assert answer.code == 0, answer.err
    told = [(clip.input, clip.onset_s) for clip in written().clips]
    assert told == [("first/smile.mp4", 0.1)] * 9 + [("second/smile.mp4", 0.2)] * 9


def model(preparation: dict[str, Any] | None, settings: TrainSettings) -> Model:
    return Model(
        name="run",
        kind="run",
        digest="",
        networks=(),
        classes=("a", "b"),
        crop=33,
        settings=settings,
        preparation=preparation,
        ranges=Ranges(),
        known=Known(),
    )


def test_the_settings_of_the_model_give_the_same_settings_again(small: TrainSettings) -> None:
    for changed in ({}, {"flow": "tvl1", "flow_warps": 2}, {"window": "seconds:0.2"}):
        prep = PrepSettings(**(PREP.model_dump() | changed))
        asked = stage_1_settings(model(index_settings(prep), small))
        again = PrepSettings(**asked)
        assert index_settings(again) == index_settings(prep)


def test_a_model_that_sampled_anew_asks_for_its_own_sampling(small: TrainSettings) -> None:
    slow = small.model_copy(update={"sampling": "uniform", "n_frames": 5, "frame_rate": 50.0})
    asked = stage_1_settings(model(index_settings(PREP), slow))
    assert (asked["sampling"], asked["n_frames"], asked["frame_rate"]) == ("uniform", 5, 50)


def test_a_model_that_does_not_say_how_is_refused(small: TrainSettings) -> None:
    with pytest.raises(InputError, match="how the clips of run run were prepared is not known"):
        stage_1_settings(model(None, small))


def test_settings_are_typed_as_options() -> None:
    assert as_option("match_light", False) == ["--no-match-light"]
    assert as_option("match_light", True) == ["--match-light"]
    assert as_option("flow_epsilon", 0.01) == ["--flow-epsilon", "0.01"]
    assert as_option("window", None) == []


def test_a_cache_is_known_by_its_ending_or_its_content(folder: Path) -> None:
    Path("flows.bin").write_bytes(Path("flows.h5").read_bytes())
    Path("damaged.h5").write_text("text")
    Path("smile.mp4").write_text("text")
    assert [is_cache(Path(name)) for name in ("flows.bin", "damaged.h5", "absent.h5")] == [True] * 3
    assert [is_cache(Path(name)) for name in ("smile.mp4", "frames", "absent.mp4")] == [False] * 3
