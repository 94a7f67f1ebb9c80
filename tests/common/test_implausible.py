"""Each doubt is told from its limit on, on its side of it, once for one cause."""

import pytest

from raicl.common.cache.record import ClipRecord
from raicl.common.clip import Clip
from raicl.common.implausible import DOUBTS, IMPLAUSIBLE, MEANINGS, REACH, find_doubts, list_doubts
from raicl.common.quality import Quality

SIDE = 225
# by flag: the number, and its limit as docs/limits.md states it
STATED = {
    "still": ("repeated_frames", 0.0, +1),
    "cut": ("continuity", 0.3, -1),
    "large-motion": ("coarse_motion", 5.0, +1),
    "onset-blurred": ("onset_sharpness", 0.8, -1),
    "interlaced": ("combing", 1.25, +1),
    "covered": ("unexplained", 0.03, +1),
}


def record(name: str, quality: Quality | None) -> ClipRecord:
    clip = Clip(dataset="casme2", subject="s", name=name, emotion="fear", onset=1, offset=9)
    return ClipRecord(
        clip=clip, frames=(2,), middle=0, n_frames=9, shard="s.h5", digest="0", quality=quality
    )


def test_every_doubt_is_stated() -> None:
    assert tuple(STATED) == IMPLAUSIBLE == tuple(MEANINGS)
    assert pytest.approx(5) == REACH * SIDE


@pytest.mark.parametrize("flag", STATED)
def test_a_doubt_begins_beyond_its_limit(flag: str) -> None:
    number, limit, side = STATED[flag]
    assert find_doubts(Quality(**{number: limit}), SIDE) == []
    assert find_doubts(Quality(**{number: limit - side * 0.01}), SIDE) == []
    [found] = find_doubts(Quality(**{number: limit + side * 0.01}), SIDE)
    assert found.flag == flag
    assert found.value == limit + side * 0.01
    assert found.limit == pytest.approx(limit)


def test_the_reach_is_a_share_of_the_crop() -> None:
    assert find_doubts(Quality(coarse_motion=9.9), 450) == []
    [found] = find_doubts(Quality(coarse_motion=10.1), 450)
    assert "10.1 px of the crop, beyond the 10.0 px" in found.sentence


def test_what_is_unknown_makes_no_doubt() -> None:
    assert find_doubts(None, SIDE) == []
    assert find_doubts(Quality(), SIDE) == []


@pytest.mark.parametrize(
    ("number", "value", "causes"),
    [
        ("onset_sharpness", 0.1, {"cut"}),
        ("unexplained", 0.5, {"cut", "large-motion"}),
    ],
)
def test_an_effect_is_not_told_beside_its_cause(
    number: str, value: float, causes: set[str]
) -> None:
    [effect] = find_doubts(Quality(**{number: value}), SIDE)
    silenced = set()
    for doubt in DOUBTS:
        cause, limit, side = STATED[doubt.flag]
        if cause == number:
            continue
        both = find_doubts(Quality(**{number: value, cause: limit + side * 0.1}), SIDE)
        if effect not in both:
            silenced.add(doubt.flag)
    assert silenced == causes


def test_the_doubts_of_a_cache_name_their_clips() -> None:
    records = [
        record("a", Quality(combing=2.0)),
        record("b", None),
        record("c", Quality(repeated_frames=3.0, continuity=0.1)),
    ]
    found = list_doubts(records, SIDE)
    assert [(doubt["id"], doubt["flag"], doubt["value"], doubt["limit"]) for doubt in found] == [
        (records[0].id, "interlaced", 2.0, 1.25),
        (records[2].id, "still", 3.0, 0.0),
        (records[2].id, "cut", 0.1, 0.3),
    ]
    assert found[1]["sentence"].startswith("Of its frames 3 repeat")
