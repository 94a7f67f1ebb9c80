"""The frames a slower camera would have taken, and what is sampled of them."""

import dataclasses
from typing import Any

import pytest

from raicl.common.clip import Clip
from raicl.common.errors import InputError, UsageError
from raicl.common.sampling.frame_rate import nearest, slow_down
from raicl.common.sampling.frames import SAMPLINGS, SamplingName, middle_frames, middle_index
from raicl.common.sampling.sample import SamplingSettings, sample_clip
from raicl.common.settings import merge

CLIP = Clip(
    dataset="casme2",
    subject="sub01",
    name="EP01",
    emotion="surprise",
    onset=100,
    offset=160,
    apex=121,
    fps=200.0,
)
NUMBERS = range(100, 161)


def settings(**values: Any) -> SamplingSettings:
    return merge(SamplingSettings, ("test", values))


def test_golden_frames() -> None:
    # worked by hand: steps of 2, 4 and 6.67 frames, the last rounded to the nearest
    assert slow_down(range(10), 200, 100) == (0, 2, 4, 6, 8)
    assert slow_down(range(10), 200, 50) == (0, 4, 8)
    assert slow_down(range(28), 200, 30) == (0, 7, 13, 20, 27)
    assert slow_down(range(9), 100, 40) == (0, 2, 5, 7)  # 2.5 and 7.5 are ties: the earlier
    assert slow_down(range(3), 200, 100) == (0, 2)  # one besides the onset is enough


@pytest.mark.parametrize("fps", [200.0, 29.97, 100.0])
def test_the_cameras_own_rate_leaves_every_frame(fps: float) -> None:
    assert slow_down(NUMBERS, fps, fps) == tuple(range(61))


@pytest.mark.parametrize("rate", [7, 24, 30, 50, 59.94, 60, 99.9, 199])
def test_every_time_of_the_slower_camera_has_its_nearest_frame_and_no_other_is_kept(
    rate: float,
) -> None:
    kept = slow_down(NUMBERS, 200.0, rate)
    times = [k / rate for k in range(1000) if k / rate <= 60 / 200]
    assert len(kept) == len(times)  # a higher rate of the camera: no frame serves twice
    for index, time in zip(kept, times, strict=True):
        assert abs(index / 200 - time) <= 0.5 / 200 + 1e-12


def test_missing_frames_are_told_by_their_numbers() -> None:
    # frames 0, 1, 2, 5, 6, 9 after the onset; at half the rate 0, 2, 4, 6, 8 are wanted
    assert slow_down([10, 11, 12, 15, 16, 19], 200, 100) == (0, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("fps", "rate", "reason"),
    [
        (None, 100, "no frame rate is known"),
        (100.0, 200, "above the camera's 100"),
        (200.0, 1, "leaves no frame besides the onset"),
    ],
)
def test_a_rate_that_cannot_be_had_fails_with_the_reason(
    fps: float | None, rate: float, reason: str
) -> None:
    clip = dataclasses.replace(CLIP, fps=fps)
    with pytest.raises(InputError, match=reason):
        sample_clip(clip, NUMBERS, "middle", settings(frame_rate=rate))
    with pytest.raises(UsageError, match="frame_rate = 0"):
        settings(frame_rate=0)


def test_the_nearest_is_the_earlier_of_two_and_an_end_outside() -> None:
    assert [nearest([2, 4, 8], wanted) for wanted in range(11)] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("at", [0.2, 0.5])
def test_the_middle_is_taken_of_what_is_left(at: float) -> None:
    sample = sample_clip(CLIP, NUMBERS, "middle", settings(frame_rate=50, n_frames=4, middle_at=at))
    left = range(0, 61, 4)  # sixteen frames
    assert sample.frames == tuple(left[index] for index in middle_frames(16, 4, at=at))
    assert sample.inference == left[middle_index(16, at)]
    assert sample.flags == ()


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_every_sampling_stays_among_the_frames_that_are_left(sampling: SamplingName) -> None:
    sample = sample_clip(CLIP, NUMBERS, sampling, settings(frame_rate=100, n_frames=6))
    assert set(sample.indices) <= set(range(2, 61, 2))
    assert sample.candidates == 30


def test_the_apex_of_a_slower_camera_is_the_frame_nearest_to_the_annotated_one() -> None:
    # index 21 of 0, 4, 8 …: 20; the phases end before it and begin after it
    slow = settings(frame_rate=50, n_frames=16)
    assert sample_clip(CLIP, NUMBERS, "apex", slow).frames == (20,)
    assert sample_clip(CLIP, NUMBERS, "activation", slow).frames == (4, 8, 12, 16)
    assert sample_clip(CLIP, NUMBERS, "decay", slow).frames == tuple(range(24, 61, 4))
    early = dataclasses.replace(CLIP, apex=101)
    assert sample_clip(early, NUMBERS, "apex", slow).frames == (4,)  # the onset has no flow


def test_a_clip_may_be_short_of_the_frames_that_are_left() -> None:
    assert sample_clip(CLIP, NUMBERS, "middle", settings()).flags == ()
    slow = sample_clip(CLIP, NUMBERS, "middle", settings(frame_rate=50))
    assert (slow.wanted, slow.candidates, slow.flags) == (16, 15, ("short-clip",))


def test_seconds_of_a_window_are_counted_at_the_slower_rate() -> None:
    slow = settings(frame_rate=100, window="seconds:0.08")
    sample = sample_clip(CLIP, NUMBERS, "middle", slow)
    assert len(sample.frames) == 8
    assert sample.frames[-1] - sample.frames[0] == 14  # of 200 per second: 0.07 s
