"""A cache of format version 1, kept for ever: later versions must still read it."""

from pathlib import Path

from raicl.common.flows import open_cache

# written by version 0.1.0 from `make_shard(0..3)` of conftest.py and packed
GOLDEN = Path(__file__).parent.parent / "golden" / "flows-v1.h5"
DIGEST = "16ba5b5dc16ab707ccb5b0bd41e3628d2c0a7a66e15d4a1c2982ee84d40f5c63"


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
