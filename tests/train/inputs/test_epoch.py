from collections import Counter

import numpy as np
import pytest
import torch

from raicl.train.inputs.epoch import balanced_clips, draw_epoch, mini_batches
from raicl.train.settings import TrainSettings

RARE = (250, 109, 83)  # the composite's negative, positive, surprise


@pytest.mark.promise("input 65")
@pytest.mark.parametrize(("pairs", "sizes"), [(8, [4, 4]), (9, [4, 4]), (10, [4, 4, 2]), (1, [])])
def test_a_last_batch_of_one_pair_is_dropped(pairs: int, sizes: list[int]) -> None:
    drawn = np.arange(3 * pairs).reshape(pairs, 3)
    batches = mini_batches(drawn, 4)
    assert [len(clip) for clip, _, _ in batches] == sizes
    if batches:
        together = torch.stack([torch.cat(column) for column in zip(*batches, strict=True)], 1)
        assert together.tolist() == drawn[: sum(sizes)].tolist()


def test_a_symmetric_batch_holds_every_pair_both_ways() -> None:
    drawn = np.arange(27).reshape(9, 3)
    batches = mini_batches(drawn, 4, symmetric=True)
    assert [len(clip) for clip, _, _ in batches] == [8, 8]  # a single pair is still dropped
    for clip, online, target in batches:
        assert torch.equal(clip[:4], clip[4:])
        assert torch.equal(online[:4], target[4:])
        assert torch.equal(target[:4], online[4:])


def test_a_balanced_epoch_has_as_many_clips_of_each_class_and_about_its_length() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], RARE)).tolist()
    chosen = balanced_clips(labels, np.random.default_rng(0))
    counts = Counter(labels[clip] for clip in chosen)
    assert counts == {0: 148, 1: 148, 2: 148}  # of 442 a third, rounded up
    times = Counter(chosen.tolist())
    assert {times[clip] for clip in range(442) if labels[clip] == 0} == {0, 1}
    assert {times[clip] for clip in range(442) if labels[clip] == 2} == {1, 2}
    other = balanced_clips(labels, np.random.default_rng(1))
    assert (chosen != other).any()


def test_the_pairs_of_a_balanced_epoch_keep_the_clip_of_their_rows(small: TrainSettings) -> None:
    rows = [range(3 * clip, 3 * clip + 3) for clip in range(8)]
    truth = [0, 0, 1, 0, 0, 2, 0, 0]
    settings = small.model_copy(update={"imbalance": "balanced-sampler"})
    pairs = draw_epoch(rows, truth, np.ones(24), settings, np.random.default_rng(0))
    np.testing.assert_array_equal(pairs[:, 1] // 3, pairs[:, 0])
    np.testing.assert_array_equal(pairs[:, 2] // 3, pairs[:, 0])
    counts = Counter(truth[clip] for clip in pairs[:, 0])
    assert counts == {0: 3 * settings.pairs, 1: 3 * settings.pairs, 2: 3 * settings.pairs}


def test_an_absent_class_gets_no_share_of_a_balanced_epoch() -> None:
    chosen = balanced_clips([0, 0, 0, 2], np.random.default_rng(0))
    assert Counter([0, 0, 0, 2][clip] for clip in chosen) == {0: 2, 2: 2}
