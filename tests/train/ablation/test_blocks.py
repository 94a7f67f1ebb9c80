"""The blocks beside a study's scores: shares of the classes, and strength of the instances."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from raicl.common.settings import merge
from raicl.data.protocols.protocol import load_protocol
from raicl.train.ablation.blocks import class_shares
from raicl.train.ablation.strength import Motions, composite_strength
from raicl.train.ablation.table import tabulate
from raicl.train.ablation.text import table_csv, table_text
from raicl.train.clips.plan import assemble
from raicl.train.report.blocks import RowClasses, RowStrength, Share, shares
from raicl.train.settings import TrainSettings
from tests.train.caches import claim_every_frame
from tests.train.conftest import MakeCache
from tests.train.runs import CLASSES
from tests.train.studies import MANY, study_of, wrong


def test_shares_are_those_of_the_pooled_clips_in_every_seed() -> None:
    one, two = [[8, 2], [1, 3]], [[6, 4], [0, 4]]
    tables = np.array([[one, two], [two, two]])  # two seeds of two subjects
    found = class_shares(tables, ("calm", "moved"))
    assert found.clips == {"calm": 20, "moved": 8}
    assert found.called["calm"] == pytest.approx({"calm": 26 / 40, "moved": 14 / 40})
    assert found.called["moved"] == pytest.approx({"calm": 1 / 16, "moved": 15 / 16})


def test_a_class_without_clips_has_no_share() -> None:
    found = class_shares(np.array([[[[3, 1], [0, 0]]]]), ("calm", "moved"))
    assert (found.clips["moved"], list(found.called)) == (0, ["calm"])
    assert Share("moved", "calm").of(found) is None


def counted(**clips: int) -> RowClasses:
    return RowClasses(clips=clips, called={})


def test_the_columns_are_every_recall_and_what_the_largest_class_takes_from_the_others() -> None:
    titles = [c.title for c in shares([None, counted(negative=250, positive=109, surprise=83)])]
    recalls = ["recall of negative", "recall of positive", "recall of surprise"]
    assert titles == [*recalls, "positive called negative", "surprise called negative"]
    assert [c.title for c in shares([counted(calm=1, moved=2)])] == [
        *("recall of calm", "recall of moved", "calm called moved")
    ]
    assert shares([counted(a=1, b=1, c=1, d=1)]) == ()
    assert shares([None]) == ()


def test_the_table_says_for_every_row_which_classes_are_taken_for_which(tmp_path: Path) -> None:
    # of each subject's six clips the first three are wrong: a negative one is called positive, a
    # positive one surprise, and a surprised one negative
    table = tabulate(study_of(tmp_path, {"A": [wrong(*MANY)], "B": [wrong()]}), {})
    first, second = table.rows
    assert first.classes.called["surprise"] == {"negative": 0.5, "positive": 0, "surprise": 0.5}
    assert [second.classes.called[name][name] for name in CLASSES] == [1, 1, 1]
    lines = table_text(table).splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("classes, %"))
    assert lines[place + 1].split() == ["A", "50.0", "50.0", "50.0", "0.0", "50.0"]
    assert lines[place + 2].split() == ["B", "100.0", "100.0", "100.0", "0.0", "0.0"]
    rows = list(csv.DictReader(io.StringIO(table_csv(table))))
    assert [row["surprise_called_negative"] for row in rows] == ["0.5", "0.0"]
    assert [row["recall_of_positive"] for row in rows] == ["0.5", "1.0"]


def test_without_the_cache_the_strength_is_not_known_and_that_is_told(tmp_path: Path) -> None:
    table = tabulate(study_of(tmp_path, {"A": [wrong()]}), {})
    assert table.rows[0].strength is None
    assert "strength not known: no such cache (flows.h5)" in table.rows[0].remarks
    assert "strength, %" not in table_text(table)
    assert csv.DictReader(io.StringIO(table_csv(table))).__next__()["trained_strength"] == ""


@pytest.fixture
def every(tmp_path: Path, make_cache: MakeCache) -> Path:
    """Nine clips with every frame after the onset, 20 or 9 of them, strongest in the middle."""
    path = make_cache(tmp_path / "all.h5", n=[20, 9, 20])
    claim_every_frame(path)
    return path


def strength(path: Path, **asked: Any) -> RowStrength:
    settings = merge(TrainSettings, ("test", asked))
    composite = assemble([path], load_protocol("cde"), settings)
    return composite_strength(composite, settings.infer, set(composite.records), Motions())


def lengths(path: Path) -> dict[str, np.ndarray]:
    """Mean |flow| of every instance over that of the clip's strongest, by clip."""
    cache = open_cache(path)
    found = {}
    for record in cache.records:
        u, v = np.moveaxis(cache.read(record).instances[:, :2].astype(np.float64), 1, 0)
        mean = np.hypot(u, v).mean((1, 2))
        found[record.id] = mean / mean.max()
    return found


def test_strength_is_the_mean_over_clips_of_their_instances_against_the_strongest(
    every: Path,
) -> None:
    relative = lengths(every)
    found = strength(every, sampling="all")
    assert found.trained == pytest.approx(np.mean([clip.mean() for clip in relative.values()]))
    # m is 10 or 4 of frames 1 … 20 or 1 … 9
    middle = [clip[9 if len(clip) == 20 else 3] for clip in relative.values()]
    assert found.tested == pytest.approx(np.mean(middle))
    assert strength(every, sampling="all", infer="mean").tested == pytest.approx(found.trained)
    phase = strength(every, sampling="activation")
    assert phase.trained < found.tested == phase.tested
    assert strength(every, sampling="activation", tested_frame="trained").tested < phase.tested


def test_the_strength_of_a_part_is_that_of_the_clips_that_are_in_it(every: Path) -> None:
    settings = merge(TrainSettings, ("test", {"sampling": "middle", "n_frames": 1}))
    composite = assemble([every], load_protocol("cde"), settings)
    [clip, *_] = composite.records
    found = composite_strength(composite, "middle", {clip}, Motions())
    assert found.tested == pytest.approx(lengths(every)[clip][9])


def test_clips_that_do_not_move_are_as_strong_as_their_strongest(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    path = make_cache(tmp_path / "still.h5", change=lambda _, values: 0 * values)
    assert strength(path) == RowStrength(trained=1, tested=1)


def test_a_clip_is_read_once_for_all_rows(every: Path) -> None:
    composite = assemble([every], load_protocol("cde"), TrainSettings())
    motions = Motions()
    before = {clip: motions.relative(stored) for clip, stored in composite.records.items()}
    every.with_name("all.h5.shards").rename(every.with_name("away"))
    for clip, stored in composite.records.items():
        assert motions.relative(stored) is before[clip]
