"""Shuffled labels: the same ones, on other clips."""

from pathlib import Path

import numpy as np

from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.plan import assemble, shuffle_labels
from raicl.train.settings import TrainSettings


def test_shuffled_labels_are_the_same_labels_on_other_clips_by_the_seed(flows: Path) -> None:
    composite = compose([flows], load_protocol("cde"))
    shuffled = [shuffle_labels(composite, seed) for seed in (0, 0, 1)]
    assert shuffled[0].labels == shuffled[1].labels
    assert shuffled[0].labels != shuffled[2].labels
    for one in shuffled:
        assert sorted(one.labels.values()) == sorted(composite.labels.values())
        assert one.labels.keys() == composite.labels.keys()
        assert one.labels != composite.labels
        assert one.labels_digest != composite.labels_digest
    # between all clips, not within subjects, whose counts change
    assert any(
        sorted(shuffled[0].labels[f"casme2/sub0{n}/EP0{m}"] for m in (1, 2, 3)) != [0, 1, 2]
        for n in (1, 2, 3)
    )


def test_the_permutation_is_that_of_earlier_figures(flows: Path) -> None:
    composite = compose([flows], load_protocol("cde"))
    clips = sorted(composite.labels)
    expected = np.random.default_rng(7).permutation([composite.labels[clip] for clip in clips])
    settings = TrainSettings(control="shuffle-labels", seed=7)
    found = assemble([flows], load_protocol("cde"), settings).labels
    assert [found[clip] for clip in clips] == expected.tolist()
