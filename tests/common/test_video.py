"""What a cache of videos says of them."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.versioned import write_versioned
from raicl.common.video import (
    Intensity,
    VideoFailure,
    VideoInput,
    VideoInterval,
    Videos,
    is_own_video,
    read_videos,
    videos_file,
)


def interval(onset: int) -> VideoInterval:
    return VideoInterval(
        clip=f"video/a/{onset}",
        onset=onset,
        offset=onset + 9,
        onset_s=onset / 100,
        offset_s=(onset + 9) / 100,
        fps=100.0,
        how="proposed",
        score=1.5,
    )


def one(**values: Any) -> VideoInput:
    told: dict[str, Any] = {
        "path": "a.mp4",
        "name": "a",
        "kind": "video",
        "first": 0,
        "last": 99,
        "n_frames": 100,
        "fps": 100.0,
        "variable_rate": False,
        "rotation": 0,
        "size": (64, 48),
        "pixel_aspect": 1.0,
        "faces": 1,
        "face": 1,
        "searched": True,
        "intervals": (),
    }
    return VideoInput(**(told | values))


def test_the_intervals_of_all_inputs_are_read_in_their_order(tmp_path: Path) -> None:
    inputs = (one(intervals=(interval(20), interval(50))), one(intervals=(interval(10),)), one())
    videos = Videos(inputs=inputs, note="proposals")
    assert videos.intervals == (interval(20), interval(50), interval(10))
    cache = tmp_path / "clips.h5"
    assert videos_file(cache) == tmp_path / "clips.videos.json"
    write_versioned(videos_file(cache), videos)
    assert read_videos(cache) == videos
    with pytest.raises(InputError, match="the list of videos") as caught:
        read_videos(tmp_path / "other.h5")
    assert "--out" in caught.value.fix


@pytest.mark.parametrize(
    ("values", "nothing"),
    [
        ({}, True),
        ({"searched": False}, False),
        ({"intervals": (interval(0),)}, False),
        ({"failures": (VideoFailure(interval=interval(0), reason="no face"),)}, False),
    ],
)
def test_nothing_moved_where_a_search_found_nothing(
    values: dict[str, object], nothing: bool
) -> None:
    assert one(**values).nothing_moved is nothing


def test_every_analysed_frame_has_a_time_and_a_value() -> None:
    whole = Intensity(frames=(0, 1), seconds=(0.0, 0.5), values=(0.0, 0.25))
    assert whole.values == (0.0, 0.25)
    with pytest.raises(ValueError, match="frozen"):
        whole.frames = ()  # type: ignore[misc]
    for frames, seconds, values in (((0,), (0.0, 1.0), (0.0, 1.0)), ((0, 1), (0.0, 1.0), (0.0,))):
        with pytest.raises(ValueError, match="as many times and values as frames"):
            Intensity(frames=frames, seconds=seconds, values=values)


def test_a_clip_of_a_database_is_nobodys_own_video() -> None:
    clip = Clip(dataset="video", subject="a", name="0", emotion="unknown", onset=0, offset=9)
    assert is_own_video(clip) is True
    assert is_own_video(dataclasses.replace(clip, dataset="samm")) is False
