"""Facts of a shard are compared with the index one by one, and each difference is named."""

import dataclasses
from typing import Any

import pytest
from pydantic import ValidationError

from raicl.common.cache.facts import Facts, compare
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.seal import DamagedError
from raicl.common.clip import Clip
from raicl.common.quality import Quality
from tests.common.conftest import make_shard

SHARD = dataclasses.replace(make_shard(1), quality=Quality(roll=2.0, turn=0.5))
CLIP = Clip(dataset="d", subject="s", name="c", emotion="surprise", onset=4, offset=9)
RECORD = ClipRecord(
    clip=CLIP,
    frames=(5, 6, 7),
    middle=1,
    n_frames=6,
    shard="x",
    digest=SHARD.digest,
    quality=Quality(roll=2.0),
)


def test_facts_say_all_but_the_arrays_and_travel_as_json() -> None:
    facts = Facts.of(SHARD)
    assert facts == Facts(
        digest=SHARD.digest,
        frames=(5, 6, 7),
        size=16,
        quality=SHARD.quality,
        base=SHARD.base,
        fingerprint=SHARD.fingerprint,
    )
    assert Facts.model_validate_json(facts.model_dump_json()) == facts
    with pytest.raises(ValidationError, match="frozen"):
        facts.size = 3


def test_a_shard_that_says_what_the_index_says_or_more_is_the_one() -> None:
    facts = Facts.of(SHARD)
    compare(RECORD, facts, 16, "here")
    compare(dataclasses.replace(RECORD, quality=None), facts, 16, "here")  # an older index


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"digest": "0" * 64}, "another digest"),
        ({"frames": (5, 6)}, "other frames or another size"),
        ({"frames": (5, 6, 8)}, "other frames or another size"),
        ({"size": 17}, "other frames or another size"),
        ({"quality": None}, "another quality"),
        ({"quality": Quality(roll=2.5, turn=0.5)}, "another quality"),
    ],
)
def test_each_difference_is_named_with_its_place(change: dict[str, Any], reason: str) -> None:
    facts = Facts.of(SHARD).model_copy(update=change)
    with pytest.raises(DamagedError, match=f"d/s/c: the shard .*{reason}") as caught:
        compare(RECORD, facts, 16, "here")
    assert caught.value.where == "here"
    assert "raicl validate" in caught.value.fix
