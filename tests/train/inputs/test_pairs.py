from collections import Counter

import numpy as np
import pytest

from raicl.train.inputs.pairs import both_ways, draw_pairs, stronger_last

CLIPS = [range(0, 16), range(16, 21), range(21, 22), range(22, 42)]


def test_both_instances_of_a_pair_are_of_its_clip() -> None:
    for clip, online, target in draw_pairs(CLIPS, 16, np.random.default_rng(0)):
        assert online in CLIPS[clip]
        assert target in CLIPS[clip]


@pytest.mark.promise("input 77")
def test_an_instance_meets_itself_only_where_it_is_alone() -> None:
    pairs = draw_pairs(CLIPS, 16, np.random.default_rng(0))
    alone = pairs[:, 0] == 2
    assert (pairs[alone, 1] == pairs[alone, 2]).all()
    assert (pairs[~alone, 1] != pairs[~alone, 2]).all()


def test_every_clip_has_the_same_number_of_pairs() -> None:
    pairs = draw_pairs(CLIPS, 16, np.random.default_rng(0))
    assert Counter(pairs[:, 0].tolist()) == {0: 16, 1: 16, 2: 16, 3: 16}


def test_rows_need_not_be_neighbours() -> None:
    clips = [[3, 9, 20], [5], range(30, 32)]
    pairs = draw_pairs(clips, 6, np.random.default_rng(0))
    assert Counter(map(tuple, pairs[:, :2].tolist())) == {
        **{(0, row): 2 for row in (3, 9, 20)}, (1, 5): 6, (2, 30): 3, (2, 31): 3,
    }  # fmt: skip
    assert all(target in clips[clip] for clip, _, target in pairs)
    alone = pairs[:, 0] == 1
    assert (pairs[~alone, 1] != pairs[~alone, 2]).all()


def test_each_instance_is_online_once_before_any_is_twice() -> None:
    online = draw_pairs(CLIPS, 16, np.random.default_rng(0))[:, 1].tolist()
    counts = Counter(online)
    assert [counts[row] for row in CLIPS[0]] == [1] * 16
    assert sorted(counts[row] for row in CLIPS[1]) == [3, 3, 3, 3, 4]
    assert sorted(counts[row] for row in CLIPS[3]) == [0] * 4 + [1] * 16


def test_targets_are_uniform_over_the_other_instances() -> None:
    rng = np.random.default_rng(0)
    pairs = np.concatenate([draw_pairs([range(4)], 4, rng) for _ in range(3000)])
    counts = Counter(map(tuple, pairs[:, 1:].tolist()))
    assert len(counts) == 12
    # 1,000 expected each; five standard deviations of a binomial are 144
    assert all(abs(count - 1000) < 144 for count in counts.values())


def test_pairs_are_shuffled_over_clips_and_repeat_with_the_seed() -> None:
    first = draw_pairs(CLIPS, 16, np.random.default_rng(7))
    assert (np.diff(first[:, 0]) < 0).any()
    np.testing.assert_array_equal(first, draw_pairs(CLIPS, 16, np.random.default_rng(7)))
    assert (first != draw_pairs(CLIPS, 16, np.random.default_rng(8))).any()


def test_the_next_epoch_draws_other_pairs() -> None:
    rng = np.random.default_rng(7)
    assert (draw_pairs(CLIPS, 16, rng) != draw_pairs(CLIPS, 16, rng)).any()


def test_independent_pairs_are_uniform_and_may_be_an_instance_with_itself() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_pairs([range(3)], 4, rng, pairing="iid") for _ in range(2250)]
    counts = Counter(map(tuple, np.concatenate(drawn)[:, 1:].tolist()))
    assert len(counts) == 9
    # 1,000 expected each; five standard deviations of a binomial are 149
    assert all(abs(count - 1000) < 149 for count in counts.values())


def test_independent_pairs_are_of_one_clip_and_as_many_for_each() -> None:
    pairs = draw_pairs(CLIPS, 16, np.random.default_rng(0), pairing="iid")
    assert Counter(pairs[:, 0].tolist()) == {0: 16, 1: 16, 2: 16, 3: 16}
    assert all({online, target} <= set(CLIPS[clip]) for clip, online, target in pairs)


def test_a_strong_teacher_moves_at_least_as_much_and_the_pairs_are_the_same() -> None:
    strength = np.random.default_rng(1).random(42)
    seeds = [np.random.default_rng(0) for _ in range(2)]
    plain = draw_pairs(CLIPS, 16, seeds[0])
    strong = draw_pairs(CLIPS, 16, seeds[1], pairing="strong-teacher", strength=strength)
    assert (strength[strong[:, 1]] <= strength[strong[:, 2]]).all()
    assert (strength[plain[:, 1]] > strength[plain[:, 2]]).any()
    np.testing.assert_array_equal(np.sort(strong[:, 1:]), np.sort(plain[:, 1:]))
    np.testing.assert_array_equal(strong[:, 0], plain[:, 0])
    np.testing.assert_array_equal(stronger_last(plain, np.ones(42)), plain)  # ties stay


def test_both_ways_exchanges_the_roles_within_a_clip() -> None:
    pairs = draw_pairs(CLIPS, 16, np.random.default_rng(0), pairing="symmetric")
    np.testing.assert_array_equal(pairs, draw_pairs(CLIPS, 16, np.random.default_rng(0)))
    once, again = np.split(both_ways(pairs), 2)
    np.testing.assert_array_equal(once, pairs)
    np.testing.assert_array_equal(again[:, 1:], pairs[:, :0:-1])
    np.testing.assert_array_equal(again[:, 0], pairs[:, 0])
