"""What goes wrong in a clip is told by a flag with its number; a sound clip has none."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.implausible import DOUBTS, Doubt, find_doubts
from raicl.common.quality import Quality
from raicl.data.inspect import inspect, summary
from raicl.preprocess import process_frames
from raicl.preprocess.prepare import prepare
from raicl.preprocess.report import report
from raicl.preprocess.settings import PrepSettings
from tests.preprocess import disturbed as d
from tests.preprocess.conftest import Make
from tests.preprocess.face.pictures import person

SETTINGS = PrepSettings(flow="dis", n_frames=5)
HALF = 3  # of six frames


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[d.Frames]:
    """A clip of each of two people of a database with strong motion of the head."""
    return list(
        d.synthetic_clips(
            tmp_path_factory.mktemp("disturbed") / "people",
            seed=5,
            difficulty="hard",
            subjects=2,
            clips=1,
            settings=SETTINGS,
        )
    )


@pytest.fixture(scope="module")
def eyes(clips: list[d.Frames]) -> np.ndarray:
    return d.eyes_of(clips[0])


def look_at(frames: d.Frames) -> tuple[tuple[str, ...], dict[str, float]]:
    clip = process_frames(frames, settings=SETTINGS)
    assert clip.record.quality is not None
    return clip.flags, clip.record.quality.to_json()


@pytest.mark.promise("input 39", "input 40")
def test_sound_clips_have_no_flag_and_their_numbers_are_far_from_the_limits(
    clips: list[d.Frames],
) -> None:
    for clip in clips:
        flags, numbers = look_at(clip)
        assert flags == ()
        assert numbers["repeated_frames"] == 0
        assert numbers["continuity"] > 0.9  # the limit is 0.3
        assert numbers["coarse_motion"] < 1.0  # 5.0
        assert 0.95 < numbers["onset_sharpness"] < 1.05  # 0.8
        assert numbers["combing"] < 1.05  # 1.25
        assert numbers["unexplained"] < 0.01  # 0.03
        assert numbers["faces"] == 1


@pytest.fixture(scope="module")
def copies(clips: list[d.Frames], eyes: np.ndarray) -> dict[str, d.Frames]:
    clip, face = clips[0], person(3, size=(640, 480))
    other = [d.grey(face + d.noise(face.shape, number)) for number in range(6)]
    return {
        "to somebody else": d.cut_to(other, HALF)(clip),
        "to no face": d.without_face(clip, HALF),
        "to black": d.darkened(clip, HALF),
        "still": d.frozen(clip, 5),
        "repeated": d.frozen(clip, 1),
        "blurred": d.blurred_onset(clip, 2.0),
        **{f"{px} px": d.moved(clip, px, eyes) for px in (6, 12, 15, 24)},
        "interlaced": d.interlaced(clip, 1.0),
        "hand": d.covered(clip, 1.2, eyes),
        "dark hand": d.covered(clip, 1.2, eyes, light=60),
    }


@pytest.mark.promise("input 39", "input 40")
@pytest.mark.parametrize(
    ("copy", "flag", "number", "least", "most"),
    [
        ("to somebody else", "cut", "continuity", 0, 0.2),
        ("to no face", "cut", "continuity", 0, 0.1),
        ("to black", "cut", "continuity", 0, 0.1),
        ("still", "still", "repeated_frames", 5, 5),
        ("repeated", "still", "repeated_frames", 1, 1),
        ("blurred", "onset-blurred", "onset_sharpness", 0.5, 0.75),
        ("6 px", "large-motion", "coarse_motion", 5.5, 7),
        ("12 px", "large-motion", "coarse_motion", 11.5, 13),
        ("15 px", "large-motion", "coarse_motion", 14.5, 16),
        ("24 px", "large-motion", "coarse_motion", 23.5, 25),
        ("interlaced", "interlaced", "combing", 1.6, 9),
        ("hand", "covered", "unexplained", 0.05, 0.3),
        ("dark hand", "covered", "unexplained", 0.05, 0.7),
    ],
)
def test_what_went_wrong_is_told_with_its_number_and_nothing_else_is(
    copies: dict[str, d.Frames], copy: str, flag: str, number: str, least: float, most: float
) -> None:
    flags, numbers = look_at(copies[copy])
    assert flags == (flag,)
    assert least <= numbers[number] <= most


def test_a_motion_within_the_reach_and_a_slight_blur_are_not_flagged(
    clips: list[d.Frames], eyes: np.ndarray
) -> None:
    assert look_at(d.moved(clips[0], 4, eyes))[0] == ()
    assert look_at(d.blurred_onset(clips[0], 0.7))[0] == ()
    assert look_at(d.covered(clips[0], 0.2, eyes))[0] == ()


@pytest.mark.parametrize("doubt", DOUBTS, ids=lambda doubt: doubt.flag)
def test_a_doubt_begins_at_its_limit_and_an_unknown_number_makes_none(doubt: Doubt) -> None:
    limit = doubt.limit(225)
    beyond, short = (limit + 0.01, limit) if doubt.above else (limit - 0.01, limit)
    [found] = find_doubts(Quality(**{doubt.number: beyond}), 225)
    assert (found.flag, found.value, found.limit) == (doubt.flag, beyond, limit)
    assert find_doubts(Quality(**{doubt.number: short}), 225) == []
    assert find_doubts(Quality(), 225) == find_doubts(None, 225) == []


def test_the_reach_is_a_share_of_the_crop() -> None:
    motion = Quality(coarse_motion=4.0)
    assert find_doubts(motion, 225) == []
    assert [found.flag for found in find_doubts(motion, 113)] == ["large-motion"]


def test_a_cut_explains_why_the_face_is_not_found_again() -> None:
    both = Quality(continuity=0.0, unexplained=0.9, onset_sharpness=0.1)
    assert [found.flag for found in find_doubts(both, 225)] == ["cut"]


def test_implausible_clips_are_named_with_their_numbers_and_kept(
    make_database: Make, quick: PrepSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = make_database(12), tmp_path / "flows.h5"
    for item in source.footage[1:]:  # all but the first are still
        for frame in item.frames[1:]:
            frame.path.write_bytes(item.frames[0].path.read_bytes())
    rows = prepare(source, out, quick)
    assert {row.status for row in rows} == {"computed"}
    told = "Of its frames 4 repeat an earlier one, pixel by pixel."
    report(rows, out, as_json=False)
    said = capsys.readouterr().out.splitlines()
    assert "flags: 11x still" in said
    assert [line for line in said if line.startswith("still: ")] == [
        f"still: {item.clip.id}: {told}" for item in source.footage[1:11]
    ]
    assert f"doubts: 1 more; raicl inspect {out} names all" in said
    report(rows, out, as_json=True)
    doubts = json.loads(capsys.readouterr().out)["doubts"]
    ids = [item.clip.id for item in source.footage[1:]]
    assert [row["id"] for row in doubts] == ids
    assert doubts[0] == {
        "id": ids[0], "flag": "still", "value": 4.0, "limit": 0.0, "sentence": told,
    }  # fmt: skip
    inspect(out, as_json=True)
    assert json.loads(capsys.readouterr().out)["doubts"] == doubts
    inspect(out)
    shown = capsys.readouterr().out.splitlines()
    assert "doubts     11" in shown
    assert [line for line in shown if line.startswith("  still: ")] == [
        f"  still: {clip}: {told}" for clip in ids
    ]


def test_of_clips_that_were_never_looked_at_nothing_is_said(
    tmp_path: Path, make_database: Make, quick: PrepSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "flows.h5"
    prepare(make_database(2), out, quick)
    cache = open_cache(out)
    older = [
        dataclasses.replace(cache.records[0], quality=Quality(sharpness=0.2)),
        cache.records[1],
    ]
    write_index(out, older, size=cache.size, settings=cache.settings)
    inspect(out)
    shown = capsys.readouterr().out.splitlines()
    assert "doubts     0; 1 clip of an older raicl never looked at" in shown
    assert summary(open_cache(out))["unchecked"] == 1
