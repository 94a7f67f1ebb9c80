"""`raicl fit` refuses what is not its own, and says in three lines what cannot be."""

import sys
from pathlib import Path

import pytest

from raicl.common.locking import lock
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.folds import every_clip
from raicl.train.clips.plan import assemble
from raicl.train.run.opening import open_run
from raicl.train.settings.presets import merge_settings
from tests.train.conftest import MakeCache
from tests.train.fitted.conftest import OF_ALL, Fit
from tests.train.fitted.models import files


def test_another_experiment_is_refused_with_what_differs_and_replaced_if_asked(
    tmp_path: Path, place: Path, fit: Fit, make_cache: MakeCache
) -> None:
    before = files(place / "model")
    answer = fit(*OF_ALL, "--lr", "0.5")
    assert (answer.code, answer.out) == (6, "")
    assert "the model of another experiment: lr = 0.001, now 0.5" in answer.err
    assert "raicl fit --overwrite" in answer.err
    make_cache(tmp_path / "more.h5", dataset="samm", seed=1)
    answer = fit("more.h5", *OF_ALL)
    assert answer.code == 6
    assert "cache " in answer.err
    assert files(place / "model") == before
    assert not (place / "model.training").exists()
    assert fit(*OF_ALL, "--lr", "0.5", "--overwrite").code == 0
    assert files(place / "model")["model.safetensors"] != before["model.safetensors"]
    assert "scores.json" not in files(place / "model")


def test_a_fit_that_was_begun_otherwise_is_not_continued(place: Path, fit: Fit) -> None:
    settings = merge_settings(None, place / "small.toml", {"seed": 7})
    composite = assemble([place / "flows.h5"], load_protocol("cde"), settings)
    open_run(place / "new.training", composite, settings)
    answer = fit(*OF_ALL[:2], "--out", "new")
    assert answer.code == 6
    assert "seed = 7, now 0" in answer.err
    assert "choose another --out" in answer.err
    assert not (place / "new").exists()
    assert fit(*OF_ALL[:2], "--out", "new", "--overwrite").code == 0


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_a_folder_with_something_else_is_not_touched(
    place: Path, fit: Fit, overwrite: list[str]
) -> None:
    (place / "thesis").mkdir()
    (place / "thesis/text.txt").write_text("dear")
    for out in ("thesis", "run", "flows.h5"):
        answer = fit(*OF_ALL[:2], "--out", out, *overwrite)
        assert answer.code == 6
        assert "exists and is not a model" in answer.err
        assert not (place / f"{out}.training").exists()
    assert [path.name for path in (place / "thesis").iterdir()] == ["text.txt"]


def test_two_fits_of_one_model_do_not_meet(place: Path, fit: Fit) -> None:
    settings = merge_settings(None, place / "small.toml", {})
    composite = assemble([place / "flows.h5"], load_protocol("cde"), settings)
    run = open_run(place / "new.training", composite, settings)
    with run.hold(every_clip(composite)):
        for more in ([], ["--overwrite"]):
            answer = fit(*OF_ALL[:2], "--out", "new", *more)
            assert answer.code == 6
            assert "another process" in answer.err
    assert not (place / "new").exists()
    with lock(place / "new.training/folds/all/lock"):
        pass


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--control", "shuffle-labels"], 2, "fitted on the true labels"),
        (["--leave", "database"], 2, "leaves nothing out"),
        (["--device", "tpu"], 2, "no such device"),
        (["--protocol", "nine"], 2, "nine"),
        (["--epochs", "0"], 2, "epochs"),
        (["--lr", "1e30"], 5, "the loss is not finite"),
        (["--dense-hidden", str(10**13)], 5, "out of memory on cpu"),
    ],
)
def test_what_cannot_be_is_said_in_three_lines_and_leaves_no_model(
    place: Path, fit: Fit, words: list[str], code: int, message: str
) -> None:
    answer = fit(*OF_ALL[:2], "--out", "new", *words)
    assert answer.code == code
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert len([line for line in answer.err.splitlines() if line.startswith(("error", "  "))]) <= 3
    assert not (place / "new").exists()


def test_without_jinja2_nothing_is_trained(
    place: Path, fit: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    answer = fit(*OF_ALL[:2], "--out", "new")
    assert answer.code == 4
    assert "the model card needs jinja2" in answer.err
    assert not (place / "new.training").exists()
