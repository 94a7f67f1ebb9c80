"""`raicl fit` from a cache to a folder, stopped and repeated."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.folds import every_clip
from raicl.train.clips.plan import assemble
from raicl.train.fold.checkpoint import load_tensors
from raicl.train.run.opening import open_run
from raicl.train.settings import TrainSettings
from raicl.train.settings.presets import merge_settings
from tests.train.conftest import Command, MakeCache
from tests.train.fitted.conftest import OF_ALL, Fit
from tests.train.fitted.models import files
from tests.train.harness import Data

FILES = {
    "LICENSE",
    "README.md",
    "digests.json",
    "log.csv",
    "model.json",
    "model.safetensors",
    "provenance.json",
    "scores.json",
    "settings.toml",
    "statistics.json",
}
# the others hold how long it took, or the state of the source
SAME = FILES - {"README.md", "provenance.json", "log.csv", "digests.json"}


def test_a_model_is_one_folder_and_says_what_it_is(place: Path, fit: Fit) -> None:
    answer = fit(*OF_ALL[:2], "--out", "new/model")
    assert answer.code == 0, answer.err
    assert set(files(place / "new/model")) == FILES - {"scores.json"}
    assert [path.name for path in (place / "new").iterdir()] == ["model"]
    for text in ("fitted  on 9 clips of 3 subjects: 3 negative, 3 positive", "none are claimed"):
        assert text in answer.out
    assert "for research only" in answer.out
    record = json.loads((place / "new/model/model.json").read_text())
    assert record["classes"] == ["negative", "positive", "surprise"]
    assert (record["class_counts"], record["crop"], record["only_tested"]) == ([3, 3, 3], 33, 0)
    assert record["preparation"] == {"engine": "analytic"}
    assert str(place) not in "".join(map(str, files(place / "new/model").values()))


def test_the_weights_are_those_of_a_fold_that_trains_on_every_clip(
    place: Path, tmp_path: Path
) -> None:
    settings = merge_settings(None, place / "small.toml", {})
    composite = assemble([place / "flows.h5"], load_protocol("cde"), settings)
    fold = every_clip(composite)
    assert (len(fold.train), fold.test, fold.index) == (9, (), 0)
    data = Data.of_composite(composite)
    model, scale = data.fit(fold, settings, tmp_path / "fold")
    saved = load_tensors(place / "model/model.safetensors")
    expected = model.online.network.state_dict()
    assert saved.keys() == expected.keys()
    assert any(name.startswith("regions.") for name in saved)
    for name, values in expected.items():
        assert torch.equal(saved[name], values), name
    record = json.loads((place / "model/model.json").read_text())
    assert record["scale"] == {**vars(scale)}


def test_a_fit_that_was_killed_ends_as_an_unbroken_one(place: Path, fit: Fit) -> None:
    words = ["--config", "small.toml", "--epochs", "6"]
    assert fit(*words, "--out", "whole/model").code == 0
    command = "from raicl.common.terminal.umbrella import main; main()"
    arguments = [sys.executable, "-c", command, "fit", "flows.h5", *words, "--out", "broken/model"]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    work = place / "broken/model.training"
    deadline = time.monotonic() + 60
    while not (work / "folds/all/state-0002.json").exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert work.is_dir()
    assert not (place / "broken/model").exists()
    assert fit(*words, "--out", "broken/model").code == 0
    whole, broken = files(place / "whole/model"), files(place / "broken/model")
    assert whole.keys() == broken.keys()
    assert [name for name in sorted(SAME & whole.keys()) if whole[name] != broken[name]] == []
    assert len(broken["log.csv"].splitlines()) == 7
    assert not work.exists()


def test_streaming_changes_no_weight(place: Path, fit: Fit) -> None:
    assert fit(*OF_ALL[:2], "--instances", "stream", "--out", "streamed").code == 0
    before, after = (place / name / "model.safetensors" for name in ("model", "streamed"))
    assert before.read_bytes() == after.read_bytes()


def test_a_finished_model_is_left_alone_whoever_computed_it_how(place: Path, fit: Fit) -> None:
    before = {path: path.stat().st_mtime_ns for path in (place / "model").iterdir()}
    answer = fit(*OF_ALL, "--instances", "stream")
    assert answer.code == 0
    assert "is fitted already" in answer.err
    assert "UF1 " in answer.out  # the scores that it names stay
    assert {path: path.stat().st_mtime_ns for path in (place / "model").iterdir()} == before
    assert not (place / "model.training").exists()


def test_scores_can_be_named_later_without_a_fit(place: Path, fit: Fit) -> None:
    assert fit(*OF_ALL[:2], "--out", "other/model").code == 0
    before = files(place / "other/model")
    assert fit(*OF_ALL[:2], "--out", "other/model", "--scores", "run").code == 0
    after = files(place / "other/model")
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed == {"scores.json", "README.md", "digests.json"}
    assert {name: after[name] for name in SAME} == {n: files(place / "model")[n] for n in SAME}
    assert [path.name for path in (place / "other").iterdir()] == ["model"]


@pytest.mark.parametrize("old", [False, True])
def test_a_model_that_was_finished_and_not_put_in_its_place_is_put_there(
    place: Path, fit: Fit, old: bool
) -> None:
    settings = merge_settings(None, place / "small.toml", {})
    composite = assemble([place / "flows.h5"], load_protocol("cde"), settings)
    work = place / "model.training"
    open_run(work, composite, settings)
    if old:  # killed between the two moves that exchange a card
        shutil.copytree("model", work / "old")
    shutil.move("model", work / "model")
    before = files(work / "model")
    assert fit(*OF_ALL).code == 0
    assert files(place / "model") == before
    assert not work.exists()


def test_scores_are_named_also_if_a_model_without_them_was_not_yet_put_in_its_place(
    place: Path, fit: Fit
) -> None:
    assert fit(*OF_ALL[:2], "--out", "new").code == 0
    settings = merge_settings(None, place / "small.toml", {})
    composite = assemble([place / "flows.h5"], load_protocol("cde"), settings)
    work = place / "new.training"
    open_run(work, composite, settings)
    shutil.copytree("new", work / "old")  # of an exchange that was killed
    shutil.move("new", work / "model")
    log = (work / "model/log.csv").read_bytes()  # it holds how long each epoch took
    answer = fit(*OF_ALL[:2], "--out", "new", "--scores", "run")
    assert answer.code == 0
    assert "UF1 " in answer.out
    assert (place / "new/scores.json").is_file()
    assert (place / "new/log.csv").read_bytes() == log  # nothing was trained again
    assert not work.exists()


def test_the_folder_may_be_there_if_it_is_empty(place: Path, fit: Fit) -> None:
    (place / "empty").mkdir()
    (place / "link").symlink_to("empty")
    assert fit(*OF_ALL[:2], "--out", "link").code == 0
    assert (place / "link").is_symlink()
    assert (place / "empty/digests.json").is_file()


def test_clips_that_are_only_tested_stay_out(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    path = make_cache(tmp_path / "split.h5", clips=6, splits=("", "", "", "test", "train", "test"))
    composite = assemble([path], load_protocol("cde"), small)
    trained = [clip.rpartition("/")[2] for clip in every_clip(composite).train]
    assert trained == ["EP01", "EP02", "EP03", "EP05"] * 3


def test_one_subject_is_enough(
    tmp_path: Path, make_cache: MakeCache, place: Path, fit: Fit, command: Command
) -> None:
    shutil.rmtree(place / "flows.h5.shards")
    make_cache(place / "flows.h5", subjects=1)
    assert command(place / "flows.h5", "--config", "small.toml", "--list-folds") == 3
    assert fit(*OF_ALL[:2], "--out", "new").code == 0
