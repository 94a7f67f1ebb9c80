"""Classes in given proportions: counts, their spread over people, and refusals."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from raicl.common.errors import UsageError
from raicl.data.cli import synth
from raicl.data.database import read_database
from raicl.data.protocols.protocol import load_protocol
from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.difficulty import DIFFICULTIES
from raicl.data.synthetic.plan import plan_scenes
from raicl.data.synthetic.proportions import (
    count_classes,
    read_proportions,
    schedule_proportions,
)
from raicl.data.synthetic.units import SIMILAR

COMPOSITE = (57.0, 25.0, 19.0)
CLASS = {"disgust": 0, "repression": 0, "happiness": 1, "surprise": 2}


def test_the_published_counts_come_back_from_their_proportions() -> None:
    assert count_classes(442, (250, 109, 83)) == (250, 109, 83)


@pytest.mark.parametrize("clips", [7, 18, 72, 442])
def test_no_count_is_off_by_a_whole_clip(clips: int) -> None:
    counts = np.array(count_classes(clips, COMPOSITE))
    assert counts.sum() == clips
    assert np.abs(counts - clips * np.array(COMPOSITE) / sum(COMPOSITE)).max() < 1


def test_a_tiny_class_still_has_a_clip() -> None:
    assert count_classes(5, (98, 1, 1)) == (3, 1, 1)
    assert count_classes(3, COMPOSITE) == (1, 1, 1)


def test_every_person_has_about_the_same_proportions() -> None:
    table = schedule_proportions(12, 10, COMPOSITE)
    counts = np.array([np.bincount([CLASS[e] for e in row], minlength=3) for row in table])
    assert tuple(counts.sum(0)) == count_classes(120, COMPOSITE)
    assert (np.ptp(counts, axis=0) <= 2).all()
    emotions = Counter(emotion for row in table for emotion in row)
    assert abs(emotions["disgust"] - emotions["repression"]) <= 1


def test_clips_that_are_only_tested_follow_the_same_proportions() -> None:
    scenes = plan_scenes(12, 6, 0, test_clips=40, proportions=COMPOSITE)
    for split, clips in (("train", 72), ("test", 480)):
        found = Counter(CLASS[scene.emotion] for scene in scenes if scene.split == split)
        assert tuple(found[label] for label in range(3)) == count_classes(clips, COMPOSITE)
    assert len({(scene.subject, scene.index) for scene in scenes}) == len(scenes)


def test_they_go_with_classes_that_share_their_strong_unit() -> None:
    similar = DIFFICULTIES["similar-missing"]
    scenes = plan_scenes(6, 6, 0, test_clips=20, difficulty=similar, proportions=COMPOSITE)
    tested = [s for s in scenes if s.split == "test" and s.emotion in SIMILAR]
    alone = [len(s.units) == 1 for s in tested]
    assert abs(sum(alone) - len(tested) / 3) < 1


@pytest.mark.parametrize(
    "text", ["57,25", "57,25,19,1", "a,b,c", "0,50,50", "-1,5,5", "nan,1,1", ""]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="three positive numbers"):
        read_proportions(text)


def test_fewer_clips_than_classes_are_refused_and_leave_no_trace(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 clips are too few"):
        make_database(tmp_path / "new", subjects=2, clips=1, proportions=COMPOSITE)
    with pytest.raises(UsageError, match="missing in test clips alone"):
        make_database(tmp_path / "new", difficulty=DIFFICULTIES["similar-missing"])
    with pytest.raises(UsageError, match="--proportions is for --layout casme2"):
        synth(tmp_path / "new", layout="samm", proportions="57,25,19")
    assert not (tmp_path / "new").exists()


def test_the_command_s_database_has_them_under_the_composite_s_protocol(tmp_path: Path) -> None:
    folder = tmp_path / "synthetic"
    synth(folder, subjects=2, clips=4, proportions="57,25,19", jobs=1)
    protocol = load_protocol("cde")
    found = Counter(
        protocol.label(item.clip) for item in read_database("synthetic", root=folder).footage
    )
    assert found == Counter({0: 5, 1: 2, 2: 1})
