"""What cannot be used is refused in one line with its exit code, and nothing is written."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache, shards_folder, write_index
from raicl.train.fold.checkpoint import load_tensors, save_tensors
from tests.train.conftest import MakeCache
from tests.train.runs import edit_sealed, seal_again
from tests.train.use.conftest import Predict


@pytest.fixture(autouse=True)
def nothing_written(place: Path) -> Iterator[None]:
    """No folder, no part of one, and the caches and models as they were."""
    before = {path.name for path in place.iterdir()}
    yield
    left = {path.name for path in place.iterdir()} - before
    assert {name for name in left if "out" in name or name.endswith(".tmp")} == set()


def refused(answer: object, code: int, message: str) -> None:
    assert answer.code == code  # type: ignore[attr-defined]
    lines = answer.err.splitlines()  # type: ignore[attr-defined]
    error = next(line for line in lines if line.startswith("error: "))
    assert message in error
    assert "Traceback" not in answer.err  # type: ignore[attr-defined]
    assert answer.out == ""  # type: ignore[attr-defined]


def test_what_is_no_model(place: Path, predict: Predict) -> None:
    refused(predict("absent", "flows.h5"), 3, "no such model")
    (place / "empty").mkdir()
    refused(predict("empty", "flows.h5"), 3, "not the folder of a model")


def test_a_damaged_model(place: Path, predict: Predict) -> None:
    path = place / "model/model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    refused(predict("model", "flows.h5"), 3, "the model was damaged or changed")


def test_a_run_without_finished_folds(place: Path, predict: Predict) -> None:
    shutil.rmtree("run/folds")
    Path("run/results.json").unlink()
    refused(predict("run", "flows.h5"), 3, "the run has no results yet")


def test_a_run_whose_fold_has_other_classes(place: Path, predict: Predict) -> None:
    edit_sealed(Path("run/folds/casme2/sub02/done.json"), class_counts=[3, 3])
    seal_again(Path("run"))
    refused(predict("run", "flows.h5"), 3, "3 classes, and clips of 2")


def test_a_run_whose_fold_was_exchanged(place: Path, predict: Predict) -> None:
    path = Path("run/folds/casme2/sub03/weights.safetensors")
    save_tensors(path, {name: 2 * tensor for name, tensor in load_tensors(path).items()})
    refused(predict("run", "flows.h5"), 3, "the weights of fold casme2/sub03 cannot be used")


def test_a_control(place: Path, predict: Predict) -> None:
    path = Path("run/results.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"control": "shuffle-labels"}))
    seal_again(Path("run"))
    refused(predict("run", "flows.h5"), 3, "a control, whose labels are shuffled")
    refused(predict("run/folds/casme2/sub01", "flows.h5"), 3, "a control")


def test_what_is_no_cache(place: Path, predict: Predict) -> None:
    refused(predict("model", "absent.h5"), 3, "no such cache")
    (place / "text.h5").write_text("text")
    refused(predict("model", "text.h5"), 3, "not a readable HDF5 file")


@pytest.mark.promise("input 56")
def test_an_empty_cache(place: Path, predict: Predict) -> None:
    write_index(place / "none.h5", [], size=33, settings={"engine": "analytic"})
    refused(predict("model", "flows.h5", "none.h5"), 3, "the cache has no clips")


def test_a_damaged_cache(place: Path, predict: Predict) -> None:
    [*_, shard] = sorted(shards_folder(place / "flows.h5").iterdir())
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    assert predict("model", "flows.h5").code == 3


def test_a_cache_of_another_size(place: Path, predict: Predict, make_cache: MakeCache) -> None:
    make_cache(place / "large.h5", size=40)
    answer = predict("model", "large.h5")
    refused(answer, 3, "the cache has instances of 40 px, the model takes 33 px")
    assert "raicl-prep --size 33" in answer.err


def test_a_cache_of_another_preparation(place: Path, predict: Predict) -> None:
    cache = open_cache(place / "flows.h5")
    write_index(place / "flows.h5", cache.records, size=33, settings={"engine": "other"})
    answer = predict("model", "flows.h5")
    refused(answer, 3, "prepared otherwise than the model's (engine: 'other' and 'analytic')")


def test_an_output_that_is_there(place: Path, predict: Predict) -> None:
    (place / "out").mkdir()
    (place / "out/mine.txt").write_text("mine")
    refused(predict("model", "flows.h5"), 6, "the output folder is not empty")
    assert [path.name for path in (place / "out").iterdir()] == ["mine.txt"]
    shutil.rmtree("out")
    (place / "out").write_text("mine")
    refused(predict("model", "flows.h5"), 6, "the output is a file")
    (place / "out").unlink()


def test_a_device_that_is_none(place: Path, predict: Predict) -> None:
    refused(predict("model", "flows.h5", "--device", "abacus"), 2, "no such device: abacus")
