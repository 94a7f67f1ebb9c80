"""A job's share: the shares are all of the work, and none of it twice."""

from collections import Counter

import pytest

from raicl.common.errors import UsageError
from raicl.common.share import Share, read_share


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30])
def test_the_shares_are_the_whole_and_differ_by_one_unit_at_most(count: int) -> None:
    units = [f"unit {number}" for number in range(26)]
    shares = [Share(index, count).of(units) for index in range(count)]
    assert Counter(unit for share in shares for unit in share) == Counter(units)
    sizes = {len(share) for share in shares}
    assert max(sizes) - min(sizes) <= 1


def test_a_share_is_read_as_it_is_written() -> None:
    assert read_share(None) is None
    assert read_share("2/16") == Share(2, 16)
    assert read_share(str(Share(0, 1))) == Share(0, 1)


@pytest.mark.parametrize("text", ["4/4", "1", "-1/4", "1/0", "a/b", "1/4/2", "", "0x1/4", "¹/2"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--shard") as caught:
        read_share(text)
    assert "0 to N-1" in caught.value.fix
