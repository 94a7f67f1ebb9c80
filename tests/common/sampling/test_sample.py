"""One clip: where its apex is, which frame inference uses, and what is said of an unusual one."""

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pytest

from raicl.common.clip import Clip
from raicl.common.errors import InputError, UsageError
from raicl.common.sampling.frames import (
    SAMPLINGS,
    SamplingName,
    apex_centred_frames,
    looks_at_apex,
    middle_index,
    needs_apex,
)
from raicl.common.sampling.sample import (
    SamplingSettings,
    clip_generator,
    find_apex,
    sample_clip,
)
from raicl.common.settings import merge

CLIP = Clip(
    dataset="casme2",
    subject="sub01",
    name="EP01",
    emotion="surprise",
    onset=100,
    offset=159,
    apex=120,
    fps=200.0,
)
NUMBERS = range(100, 160)


def settings(**values: Any) -> SamplingSettings:
    return merge(SamplingSettings, ("test", values))


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("n_frames", [2, 3, 16, 17, 18, 1000])
@pytest.mark.parametrize("apex", [None, 0, 1, "m", -2, -1])
def test_inference_uses_the_middle_frame_whatever_is_trained_on_but_for_the_apex_alone(
    sampling: SamplingName, n_frames: int, apex: Any
) -> None:
    numbers = range(100, 100 + n_frames)
    index = middle_index(n_frames) if apex == "m" else apex
    number = None if index is None else numbers[index]
    clip = dataclasses.replace(CLIP, apex=number, offset=numbers[-1])
    usable = number is not None and number != numbers[0]
    if needs_apex(sampling) and (not usable or n_frames == 2):
        with pytest.raises(InputError, match=sampling):
            sample_clip(clip, numbers, sampling, settings())
        return
    sample = sample_clip(clip, numbers, sampling, settings())
    middle = middle_index(n_frames)
    if sampling == "apex":
        assert sample.inference == (numbers.index(number) if usable else middle)
        assert sample.frames == (sample.inference,)
    else:
        assert sample.inference == middle
    assert ("apex-stand-in" in sample.flags) is (looks_at_apex(sampling) and not usable)
    assert set(sample.indices) == {*sample.frames, sample.inference}
    short = n_frames - 1 < 16 and sampling != "apex"
    assert ("short-clip" in sample.flags) is short


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"apex": None}, "none is annotated"),
        ({"apex": None, "flags": ("apex-implausible",)}, "implausible"),
        ({"apex": 100}, "is the onset"),
        ({"apex": 170}, "frame 170, is not between onset and offset"),
    ],
)
def test_an_apex_that_cannot_be_used_is_none_with_its_reason(
    change: dict[str, Any], reason: str
) -> None:
    clip = dataclasses.replace(CLIP, **change)
    assert find_apex(clip, NUMBERS)[0] is None
    for sampling in SAMPLINGS:
        if needs_apex(sampling):
            with pytest.raises(InputError, match=f"{sampling} needs an apex, and .*{reason}"):
                sample_clip(clip, NUMBERS, sampling, settings())
        elif looks_at_apex(sampling):
            stood_in = sample_clip(clip, NUMBERS, sampling, settings())
            middle = dataclasses.replace(clip, apex=NUMBERS[29], flags=())
            asked = sample_clip(middle, NUMBERS, sampling, settings())
            assert stood_in == dataclasses.replace(asked, flags=("apex-stand-in",))


def test_around_the_middle_that_stands_in_lie_the_frames_of_the_middle() -> None:
    without = dataclasses.replace(CLIP, apex=None)
    for at in (0.5, 0.2):
        moved = settings(middle_at=at)
        sample = sample_clip(without, NUMBERS, "apex-centred", moved)
        assert sample.frames == sample_clip(without, NUMBERS, "middle", moved).frames
        assert sample.frames == tuple(apex_centred_frames(60, sample.inference, 16))


def test_the_apex_is_found_by_its_number_where_frames_are_missing() -> None:
    numbers = [100, 103, 104, 120, 121]
    assert find_apex(CLIP, numbers) == (3, "")
    reason = "the annotated one, frame 120, is not on disk"
    assert find_apex(CLIP, [100, 119, 121]) == (None, reason)
    assert sample_clip(CLIP, numbers, "apex", settings()).frames == (3,)


def test_a_fixed_draw_depends_on_the_clip_and_the_seed_alone() -> None:
    def drawn(name: str, seed: int) -> tuple[int, ...]:
        clip = dataclasses.replace(CLIP, name=name)
        return sample_clip(clip, NUMBERS, "random", settings(sampling_seed=seed)).frames

    assert drawn("EP01", 0) == drawn("EP01", 0)
    assert len({drawn(name, seed) for name in ("EP01", "EP02") for seed in (0, 1)}) == 4


def test_a_phase_that_falls_back_is_flagged() -> None:
    clip = dataclasses.replace(CLIP, apex=101)
    assert sample_clip(clip, NUMBERS, "activation", settings()).flags == ("phase-fallback",)
    assert sample_clip(clip, NUMBERS, "decay", settings()).flags == ()


@pytest.mark.parametrize(
    ("window", "frames"),
    [
        ("frames:16", range(21, 37)),  # m = 29
        ("frames:4", range(27, 31)),
        ("seconds:0.08", range(21, 37)),  # 16 frames at 200 per second
        ("seconds:.02", range(27, 31)),
        ("seconds:0.155", range(14, 45, 2)),  # 31 frames, every second one
        ("fraction:1", None),  # the whole clip: uniform
    ],
)
def test_the_window_says_what_middle_means(window: str, frames: range | None) -> None:
    sample = sample_clip(CLIP, NUMBERS, "middle", settings(window=window))
    expected = frames or sample_clip(CLIP, NUMBERS, "uniform", settings()).frames
    assert sample.frames == tuple(expected)
    assert sample.inference == 29
    assert sample.flags == ()


@pytest.mark.parametrize("sampling", [name for name in SAMPLINGS if name != "apex"])
def test_the_tested_frame_moves_with_the_middle_whatever_is_trained_on(
    sampling: SamplingName,
) -> None:
    here, there = (sample_clip(CLIP, NUMBERS, sampling, settings(middle_at=p)) for p in (0.5, 0.2))
    assert (here.inference, there.inference) == (29, 11)  # floor(.5 * 59), floor(.2 * 59)
    assert (here.frames != there.frames) is (sampling == "middle")


@pytest.mark.parametrize(
    ("sampling", "frames", "tested"),
    [
        ("middle", range(21, 37), 29),  # m = 29, so nothing moves
        ("all", range(1, 60), 30),
        ("activation", range(2, 18), 10),  # of 1 … 19, the later of the two in the middle
        ("decay", range(32, 48), 39),  # of 21 … 59, the earlier
        ("apex-centred", range(12, 28), 20),
    ],
)
def test_the_middle_of_what_is_trained_on_is_tested_where_that_is_asked_for(
    sampling: SamplingName, frames: Any, tested: int
) -> None:
    here, own = (sample_clip(CLIP, NUMBERS, sampling, settings(tested_frame=where))
                 for where in ("clip", "trained"))  # fmt: skip
    assert own.frames == here.frames == tuple(frames)
    assert own.inference == tested
    assert own.flags == here.flags


def test_of_the_apex_alone_the_middle_moves_where_it_stands_in() -> None:
    moved = settings(middle_at=0.2)
    assert sample_clip(CLIP, NUMBERS, "apex", moved).inference == 20
    without = dataclasses.replace(CLIP, apex=None)
    assert sample_clip(without, NUMBERS, "apex", moved).frames == (11,)


@pytest.mark.parametrize("place", [-0.1, 1.01, "nan", "half"])
def test_a_middle_outside_the_clip_is_refused(place: object) -> None:
    with pytest.raises(UsageError, match="middle_at = "):
        settings(middle_at=place)


def test_the_same_seconds_are_fewer_frames_of_a_slower_camera_and_that_is_not_short() -> None:
    slow = dataclasses.replace(CLIP, fps=30.0)
    sample = sample_clip(slow, range(100, 110), "middle", settings(window="seconds:0.08"))
    assert sample.frames == (3, 4)
    assert sample.flags == ()


def test_seconds_without_a_frame_rate_fail_with_the_reason() -> None:
    unknown = dataclasses.replace(CLIP, fps=None)
    with pytest.raises(InputError, match="no frame rate"):
        sample_clip(unknown, NUMBERS, "middle", settings(window="seconds:0.08"))
    sample_clip(unknown, NUMBERS, "middle", settings(window="fraction:0.5"))


def test_the_draw_of_a_clip_is_seeded_by_its_id() -> None:
    # worked out anew: default_rng([7, first 8 bytes of SHA-256 of the id, little-endian])
    drawn = clip_generator("casme2/sub01/EP01", 7).integers(0, 1000, 4).tolist()
    digest = hashlib.sha256(b"casme2/sub01/EP01").digest()[:8]
    seed = sum(byte << 8 * place for place, byte in enumerate(digest))
    assert drawn == np.random.default_rng([7, seed]).integers(0, 1000, 4).tolist()


def test_a_clip_of_instances_alone_has_no_apex() -> None:
    clip = dataclasses.replace(CLIP, apex=None, numbered=False)
    assert find_apex(clip, NUMBERS) == (None, "nobody says which instance shows it")
    numbered = dataclasses.replace(CLIP, apex=None)
    assert find_apex(numbered, NUMBERS) == (None, "none is annotated")
    assert find_apex(dataclasses.replace(CLIP, numbered=False), NUMBERS) == (20, "")
    moved = dataclasses.replace(CLIP, apex=101, onset=101)  # of frames that begin before it
    assert find_apex(moved, NUMBERS)[0] is None
