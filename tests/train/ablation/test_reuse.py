"""A fold that is trained already is tested again: the result is that of training it once more."""

import json
from pathlib import Path
from typing import Any

import pytest

from raicl.common.files import sha256_file
from raicl.common.settings import merge
from raicl.train.run.reuse import training
from raicl.train.settings import TrainSettings
from tests.train.ablation.conftest import Words
from tests.train.caches import claim_every_frame
from tests.train.conftest import MakeCache, Raicl
from tests.train.runs import edit_sealed, seal_again

GRID = """
reference = "middle"
[rows.middle]
settings = { sampling = "activation", n_frames = 4 }
[rows.mean]
settings = { sampling = "activation", n_frames = 4, infer = "mean", flip_average = true }
[rows.own]
settings = { sampling = "activation", n_frames = 4, tested_frame = "trained" }
[rows.corrected]
settings = { sampling = "activation", n_frames = 4, imbalance = "prior-correction" }
[rows.target]
settings = { sampling = "activation", n_frames = 4, infer_network = "target" }
"""
TESTED_AGAIN = ("mean", "own", "corrected")


@pytest.fixture
def words(tmp_path: Path, make_cache: MakeCache, study: Words) -> Words:
    """The words of a study of `GRID`, one seed, on two subjects with one negative clip more."""
    (tmp_path / "mine.toml").write_text(GRID)
    emotions = ("disgust", "happiness", "surprise", "disgust")
    flows = make_cache(tmp_path / "all.h5", subjects=2, clips=4, n=12, emotions=emotions)
    claim_every_frame(flows)
    return ["ablate", flows, *study[2:-1], "0"]


def folds_of(unit: Path) -> list[Path]:
    return sorted(path.parent for path in unit.glob("folds/*/*/done.json"))


def log_of(fold: Path) -> list[dict[str, float]]:
    rows = map(json.loads, (fold / "log.jsonl").read_text().splitlines())
    return [row | {"seconds": 0} for row in rows]


def test_rows_that_only_test_otherwise_are_what_training_them_gives(
    tmp_path: Path, words: Words, raicl: Raicl
) -> None:
    answer = raicl(*words)
    assert answer.code == 0, answer.err
    for row in TESTED_AGAIN:
        log = (tmp_path / f"study/{row}/seed-0/run.log").read_text()
        assert log.count("and is tested again") == 2
        alone = tmp_path / f"alone-{row}"
        assert raicl(*words, "--dir", alone, "--rows", row, "--reference", row).code == 0
        assert "tested again" not in (alone / f"{row}/seed-0/run.log").read_text()
        both = [folds_of(folder / row / "seed-0") for folder in (tmp_path / "study", alone)]
        assert len(both[0]) == 2
        for reused, trained in zip(*both, strict=True):
            for name in ("predictions.csv", "weights.safetensors", "regions.safetensors"):
                assert sha256_file(reused / name) == sha256_file(trained / name)
            assert log_of(reused) == log_of(trained)
            one, other = (json.loads((f / "done.json").read_text()) for f in (reused, trained))
            assert one["seconds"] > 0
            assert without_times(one) == without_times(other)


def without_times(done: dict[str, Any]) -> dict[str, Any]:
    """A record without its seconds, and without the digests of what holds seconds."""
    digests = {name: d for name, d in done["digests"].items() if not name.startswith("log.")}
    return done | {"seconds": 0, "seal": "", "digests": digests}


def test_a_network_that_is_not_saved_is_trained(tmp_path: Path, words: Words, raicl: Raicl) -> None:
    assert raicl(*words, "--rows", "middle,target").code == 0
    assert "tested again" not in (tmp_path / "study/target/seed-0/run.log").read_text()


def test_changed_weights_are_not_tested(tmp_path: Path, words: Words, raicl: Raicl) -> None:
    assert raicl(*words, "--rows", "middle").code == 0
    first, _ = folds_of(tmp_path / "study/middle/seed-0")
    (first / "weights.safetensors").write_bytes(b"other")
    answer = raicl(*words, "--rows", "middle,mean")
    assert answer.code == 5
    assert "are not those that were saved" in answer.out
    assert not folds_of(tmp_path / "study/mean/seed-0")


OTHERWISE = [
    *({"epochs": 3}, {"seed": 1}, {"infer_network": "target"}, {"scale_fit": "middle"}),
    {"imbalance": "balanced-sampler"},
]


@pytest.mark.parametrize("changed", OTHERWISE)
def test_what_changes_the_saved_network_is_another_training(changed: dict[str, object]) -> None:
    base = {"sampling": "decay"}
    one, other = (merge(TrainSettings, ("test", v)) for v in (base, base | changed))
    assert training(one) != training(other)


def test_a_fold_that_is_tested_again_names_what_trained_it(
    tmp_path: Path, words: Words, raicl: Raicl
) -> None:
    assert raicl(*words, "--rows", "middle").code == 0
    for fold in folds_of(tmp_path / "study/middle/seed-0"):
        edit_sealed(fold / "done.json", device="a card")
    seal_again(tmp_path / "study/middle/seed-0")
    assert raicl(*words, "--rows", "middle,mean").code == 0
    again = folds_of(tmp_path / "study/mean/seed-0")
    assert {json.loads((f / "done.json").read_text())["device"] for f in again} == {"a card"}
