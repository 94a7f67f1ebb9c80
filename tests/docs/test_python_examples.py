"""The examples of the Python API run, one after another, as a reader would paste them."""

import contextlib
import io
from pathlib import Path

import pytest

from raicl.common.terminal import console
from raicl.data.miniature.layouts import write_miniature
from raicl.train.fitted import command as fitting
from raicl.train.run import command
from raicl.train.scores.predictions import read_predictions
from raicl.train.settings import TrainSettings
from tests.docs.pages import DOCS, Page
from tests.train.conftest import write_cache

PAGE = Page(DOCS / "reference" / "api.md")
SMALL = {
    "size": 33, "width": 4, "last_stride": 1, "epochs": 1, "pairs": 2, "batch_size": 8,
    "queries": 4, "dim": 16, "decoder_layers": 1, "decoder_heads": 2, "decoder_hidden": 16,
    "dense_hidden": 16, "projector_hidden": 16, "device": "cpu", "threads": 1,
}  # fmt: skip


def train(run_dir: Path, seed: int) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        command.run(
            [Path("flows.h5")],
            TrainSettings(**SMALL, seed=seed),
            test=[],
            fold=["all"],
            run_dir=run_dir,
            jobs=1,
            overwrite=False,
            pictures=False,
            tensorboard=False,
            oracle=False,
            as_json=True,
        )


def fit(out: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        fitting.run(
            [Path("flows.h5")],
            TrainSettings(**SMALL),
            out=out,
            scores=Path("first"),
            overwrite=False,
            as_json=True,
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the page speaks of: a database, a cache, two runs on it and a model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(console._state, "quiet", True)
    write_miniature(Path("data/raw/casme2"), "casme2-raw")
    write_cache(Path("flows.h5"), subjects=3, clips=3, n=4, size=40)
    for seed, name in enumerate(("first", "second")):
        train(Path(name), seed)
    fit(Path("model"))
    return tmp_path


def test_every_example_runs_and_the_network_gives_the_probabilities_of_the_run(
    place: Path,
) -> None:
    blocks = PAGE.blocks("python")
    assert len(blocks) > 8
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, start=1):
        exec(compile(block, f"block {number} of {PAGE.name}", "exec"), names)
    found = names["found"]
    assert isinstance(found, dict)
    predictions, _ = read_predictions(place / "first" / "predictions.csv")
    tested = {row.clip: row.probabilities for row in predictions if row.clip in found}
    assert len(tested) == 3
    for clip, probabilities in tested.items():
        assert found[clip].tolist() == pytest.approx(probabilities, abs=1e-5)
