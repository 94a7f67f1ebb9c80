"""A cache of each format version, kept for ever: later versions must still read it."""

from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache

# written by version 0.1.0 from `make_shard(0..3)` of conftest.py and packed
GOLDEN = Path(__file__).parents[2] / "golden" / "flows-v1.h5"
DIGEST = "16ba5b5dc16ab707ccb5b0bd41e3628d2c0a7a66e15d4a1c2982ee84d40f5c63"


@pytest.mark.promise("input 55")
def test_an_old_cache_is_still_read_with_every_value() -> None:
    cache = open_cache(GOLDEN)
    assert cache.digest == DIGEST
    assert [record.id for record in cache.records] == [
        "casme2/sub00/EP0",
        "casme2/sub00/EP1",
        "casme2/sub01/EP2",
        "casme2/sub01/EP3",
    ]
    for record in cache.records:
        assert cache.read(record).digest == record.digest
    assert cache.records[0].frames == (5, 6, 7)
    assert cache.records[3].clip.apex == 6


# one clip of `make_shard(1)`, its middle instance not trained on
SECOND = GOLDEN.with_name("flows-v2.h5")
SECOND_DIGEST = "2ee6c586e5e1205a3278d215bf2b169b941ac623d081e4dd8ba46bb7d16f9767"


def test_a_cache_with_untrained_rows_is_still_read_with_every_value() -> None:
    cache = open_cache(SECOND)
    assert cache.digest == SECOND_DIGEST
    [record] = cache.records
    assert cache.read(record).digest == record.digest
    assert (record.frames, record.middle, record.train_rows) == ((5, 6, 7), 1, (0, 2))
