"""`raicl predict` says what the model and the run say themselves, and who was asked."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.predicted import PredictedClip, Predictions, read_predicted
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.train import load_model
from raicl.train.fitted.folder import seal
from raicl.train.fold.pooling import Verdict
from raicl.train.scores.predictions import read_predictions
from raicl.train.use import predict as used
from raicl.train.use.model import SEEN
from raicl.train.use.predict import vote
from tests.train.conftest import MakeCache, Raicl
from tests.train.use.conftest import Predict


def written() -> Predictions:
    return read_predicted(Path("out/predictions.json"))


def flags(clip: PredictedClip) -> list[str]:
    return [flag.name for flag in clip.flags]


def rename(path: Path, **changed: str) -> None:
    """Let every clip of a cache be of another subject or database."""
    cache = open_cache(path)
    records = [
        dataclasses.replace(record, clip=dataclasses.replace(record.clip, **changed))
        for record in cache.records
    ]
    write_index(path, records, size=cache.size, settings=cache.settings)


def test_a_model_says_what_it_says_in_python(place: Path, predict: Predict) -> None:
    answer = predict("model", "flows.h5")
    assert answer.code == 0, answer.err
    found, model = written(), load_model("model", device="cpu")
    assert (found.kind, found.model, found.digest) == ("model", "model", model.digest)
    assert (found.classes, found.use) == (model.classes, RESEARCH_ONLY)
    cache = open_cache(Path("flows.h5"))
    for record, clip in zip(cache.records, found.clips, strict=True):
        expected = model.predict(cache.read(record).instances, middle=record.middle)
        assert [clip.probabilities[name] for name in model.classes] == pytest.approx(expected)
        assert clip.class_name == model.classes[int(expected.argmax())]
        assert (clip.clip, clip.onset, clip.offset) == (record.id, 10, 17)
        assert (clip.input, clip.how, clip.fps, clip.onset_s) == ("flows.h5", "cache", 200, None)
        assert flags(clip) == ["quality-unknown", SEEN]
    assert "9 clips" in answer.out
    assert answer.out.endswith(f"{RESEARCH_ONLY}\n")


def test_the_table_has_what_the_file_has(place: Path, predict: Predict) -> None:
    predict("model", "flows.h5")
    with Path("out/predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row, clip in zip(rows, written().clips, strict=True):
        assert (row["clip"], row["class"]) == (clip.clip, clip.class_name)
        assert float(row["p_positive"]) == pytest.approx(clip.probabilities["positive"], abs=1e-6)
        assert (row["onset"], row["onset_s"], row["fps"]) == ("10", "", "200")
        assert row["flags"].split() == flags(clip)
        assert row["use"] == RESEARCH_ONLY


def test_of_a_subject_of_the_run_only_the_fold_speaks_that_held_it_out(
    place: Path, predict: Predict
) -> None:
    answer = predict("run", "flows.h5")
    assert answer.code == 0, answer.err
    rows, classes = read_predictions(Path("run/predictions.csv"))
    tested = {row.clip: row.probabilities for row in rows}
    for clip in written().clips:
        subject = clip.clip.rpartition("/")[0]
        assert clip.said_by == f"the one fold that held {subject} out"
        said = [clip.probabilities[name] for name in classes]
        assert said == pytest.approx(tested[clip.clip], abs=2e-6)
        assert SEEN not in flags(clip)


def test_of_a_new_person_all_folds_speak(place: Path, predict: Predict) -> None:
    rename(place / "flows.h5", dataset="own")
    predict("run", "flows.h5")
    found, cache = written(), open_cache(Path("flows.h5"))
    folds = [load_model(f"run/folds/casme2/sub0{n}", device="cpu") for n in (1, 2, 3)]
    for record, clip in zip(cache.records, found.clips, strict=True):
        raw = cache.read(record).instances
        expected = np.mean([fold.predict(raw, middle=record.middle) for fold in folds], axis=0)
        assert [clip.probabilities[name] for name in found.classes] == pytest.approx(expected)
        assert clip.said_by == "the mean of 3 folds"
        assert SEEN not in flags(clip)


def test_a_fold_tells_whom_it_has_seen(place: Path, predict: Predict) -> None:
    predict("run/folds/casme2/sub02", "flows.h5")
    found = written()
    assert found.kind == "fold"
    for clip in found.clips:
        assert (SEEN in flags(clip)) == ("sub02" not in clip.clip)


def test_a_run_that_is_not_finished_says_so(
    place: Path, raicl: Raicl, predict: Predict, command: Any
) -> None:
    words = ["flows.h5", "--config", "small.toml", "--no-pictures", "--run-dir", "part"]
    assert command(*words, "--fold", "sub01") == 0
    predict("part", "flows.h5")
    found = written()
    assert any("partial, 1 of 3 subjects" in note for note in found.notes)
    for clip in found.clips:
        assert (SEEN in flags(clip)) == ("sub01" not in clip.clip)


@pytest.mark.parametrize("scores", [True, False])
def test_an_older_model_knows_its_people_by_its_run_or_not_at_all(
    place: Path, predict: Predict, scores: bool
) -> None:
    path = place / "model/model.json"
    values = json.loads(path.read_text())
    assert values.pop("subject_keys") == [f"casme2/sub0{n}" for n in (1, 2, 3)]
    path.write_text(json.dumps(values))
    if not scores:
        (place / "model/scores.json").unlink()
    seal(place / "model")
    predict("model", "flows.h5")
    [said] = {flag.sentence for flag in written().clips[0].flags if flag.name == SEEN}
    assert ("was trained on" in said) == scores


def test_new_people_with_other_motion_are_told_apart(
    place: Path, predict: Predict, make_cache: MakeCache
) -> None:
    make_cache(place / "strong.h5", amplitude=6.0, dataset="own")
    predict("model", "strong.h5")
    for clip in written().clips:
        assert "motion-untrained" in flags(clip)
        [flag] = [flag for flag in clip.flags if flag.name == "motion-untrained"]
        assert flag.value is not None
        assert flag.limit is not None
        assert flag.value > flag.limit
        assert SEEN not in flags(clip)


def test_memory_for_few_clips_is_enough(
    place: Path, predict: Predict, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict("model", "flows.h5")
    whole = written()
    shutil.rmtree("out")
    monkeypatch.setattr(used, "BATCH", 2)
    predict("model", "flows.h5")
    for one, other in zip(written().clips, whole.clips, strict=True):
        assert one.class_name == other.class_name
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_several_caches_are_taken_in_their_order(
    place: Path, predict: Predict, make_cache: MakeCache
) -> None:
    make_cache(place / "more.h5", dataset="samm", subjects=2)
    predict("model", "more.h5", "flows.h5")
    inputs = [clip.input for clip in written().clips]
    assert inputs == ["more.h5"] * 6 + ["flows.h5"] * 9


def test_the_mean_decides_between_networks_and_one_network_for_itself() -> None:
    tie = Verdict(1, (0.5, 0.5))
    assert vote([tie]) == tie
    assert vote([Verdict(0, (0.9, 0.1)), Verdict(1, (0.2, 0.8))]).predicted == 0
    assert vote([Verdict(0, (0.6, 0.4)), Verdict(1, (0.1, 0.9))]).predicted == 1


def test_each_clip_has_a_picture(place: Path, raicl: Raicl, make_cache: MakeCache) -> None:
    make_cache(place / "one.h5", subjects=1, clips=1)
    answer = raicl("predict", "model", "one.h5", "--out", "out", "--json")
    assert answer.code == 0, answer.err
    [clip] = written().clips
    assert clip.picture == "pictures/0001-casme2-sub01-EP01.png"
    assert (place / "out" / clip.picture).read_bytes().startswith(b"\x89PNG")
    assert json.loads(answer.out) == json.loads(Path("out/predictions.json").read_text())
    assert (place / "out").stat().st_mode & 0o777 == 0o755
