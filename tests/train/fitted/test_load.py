"""A folder that is not what was saved is refused, whatever was done to it."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from raicl.common.digests import list_of
from raicl.common.errors import InputError, RaiclError, SetupError, UsageError, VersionError
from raicl.common.files import write_json
from raicl.train import load_model
from raicl.train.fitted.folder import DIGESTS, FITTED, TOLD, seal
from raicl.train.fold.checkpoint import load_tensors, save_tensors
from tests.train.conftest import Raicl
from tests.train.fitted.test_fit import FILES


def refused(message: str, kind: type[RaiclError] = InputError) -> RaiclError:
    with pytest.raises(kind, match=message) as caught:
        load_model("model", device="cpu")
    assert caught.value.where.startswith("model")
    assert caught.value.fix
    return caught.value


def edit(file: str, **changed: Any) -> None:
    """Change a file of the model, and seal the folder again, as a forger would."""
    path = Path("model") / file
    write_json(path, json.loads(path.read_text()) | changed)
    seal(Path("model"))


def test_every_file_is_known() -> None:
    assert {*FITTED, *TOLD, DIGESTS} == FILES


@pytest.mark.promise("fault 13")
@pytest.mark.parametrize("name", sorted(FILES))
def test_a_flipped_bit_anywhere_in_a_file_is_found(place: Path, name: str) -> None:
    path = place / "model" / name
    content = path.read_bytes()
    last = len(content) - 1
    for at in sorted({0, 1, last // 3, last // 2, last - 1, last}):
        for bit in (1, 0x20, 0x80):
            changed = bytearray(content)
            changed[at] ^= bit
            path.write_bytes(changed)
            with pytest.raises(InputError):
                load_model("model", device="cpu")
    path.write_bytes(content)
    load_model("model", device="cpu")


def test_a_flipped_bit_anywhere_in_the_list_of_digests_is_found(place: Path) -> None:
    path = place / "model/digests.json"
    content = path.read_bytes()
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1
        path.write_bytes(changed)
        with pytest.raises(InputError):
            load_model("model", device="cpu")


def test_validate_lists_every_file_of_a_model_that_is_missing_or_changed(
    place: Path, raicl: Raicl
) -> None:
    answer = raicl("validate", "model")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"model: model, {len(FILES)} of {len(FILES)} files are whole\n"
    (place / "model/log.csv").unlink()
    (place / "model/README.md").write_text("better")
    answer = raicl("validate", "model")
    assert answer.code == 3
    assert "bad  model/log.csv: the model lacks log.csv\n" in answer.out
    assert "bad  model/README.md: the model was damaged or changed" in answer.out
    assert "2 files of the model missing or changed" in answer.err
    (place / "model/digests.json").write_text("{}")
    assert "bad  model/digests.json: " in raicl("validate", "model").out


@pytest.mark.parametrize("name", sorted(FILES - {"digests.json"}))
def test_a_missing_and_a_shortened_file_are_named(place: Path, name: str) -> None:
    path = place / "model" / name
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    refused(f"{name} is not the one it was saved with")
    path.unlink()
    assert "copy the whole folder again" in refused(f"the model lacks {name}").fix


def test_a_file_of_another_model_is_refused(place: Path) -> None:
    shutil.copytree("model", "other")
    edit("model.json", seed=5)
    shutil.copy("other/model.json", "model/model.json")
    refused("model.json is not the one it was saved with")


def test_a_folder_without_its_list_is_no_model(place: Path) -> None:
    (place / "model/digests.json").unlink()
    refused("not the folder of a model: it has no digests.json")
    shutil.rmtree(place / "model")
    refused("no such model")


def test_nothing_is_parsed_before_the_digests_are_right(place: Path) -> None:
    (place / "model/model.json").write_text("[" * 100_000)
    refused("model.json is not the one it was saved with")
    seal(place / "model")  # nor does depth end in a trace where they are
    refused("model.json of the model cannot be read")
    (place / "model/digests.json").write_text("[" * 100_000)
    refused("the list of the model's digests cannot be read")


def test_a_number_that_is_none_in_the_list_is_refused(place: Path) -> None:
    path = place / "model/digests.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 1, "more": NaN'))
    refused("digests.json is not the one it was saved with")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "pickle.bin", "digests.json"])
def test_the_list_names_only_files_of_a_model(place: Path, name: str) -> None:
    values = json.loads((place / "model/digests.json").read_text())
    (place / "model/digests.json").write_bytes(list_of(values["files"] | {name: "0" * 64}))
    refused("a model does not have a file")


def test_a_newer_model_is_refused_by_its_version(place: Path) -> None:
    edit("model.json", version=2)
    error = refused("written in version 2, this program reads up to 1", VersionError)
    assert error.fix == "upgrade raicl"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"classes": ["a", "b", "c", "d"]}, "4 classes, and clips of 3"),
        ({"classes": ["a", "b"], "class_counts": [1, 2]}, "size mismatch for classifier.fc"),
        ({"classes": ["a"], "class_counts": [1]}, "at least 2 items"),
        ({"classes": [str(n) for n in range(65)]}, "at most 64 items"),
    ],
)
def test_other_classes_than_the_weights_have_are_refused(
    place: Path, changed: dict[str, Any], message: str
) -> None:
    edit("model.json", **changed)
    refused(message)


def test_a_network_that_the_file_cannot_hold_is_not_made(place: Path) -> None:
    path = place / "model/settings.toml"
    path.write_text(path.read_text().replace("dense_hidden = 16", f"dense_hidden = {10**13}"))
    seal(place / "model")
    refused("the weights are of another network: it has [0-9]+ bytes, the files [0-9]+")


def test_settings_that_are_none_are_refused(place: Path) -> None:
    path = place / "model/settings.toml"
    path.write_text("size = 5\n")
    seal(place / "model")
    with pytest.raises(UsageError, match="size = 5"):
        load_model("model")
    path.write_text("[" * 100_000)
    seal(place / "model")
    refused("not a TOML file")


@pytest.mark.promise("fault 18")
def test_weights_of_another_network_or_of_no_network_are_refused(place: Path) -> None:
    path = place / "model/model.safetensors"
    tensors = load_tensors(path)
    save_tensors(path, {**tensors, "more": torch.zeros(1)})
    seal(place / "model")
    refused("the weights of the model cannot be used")
    path.write_bytes(b"\x80\x04" + path.read_bytes())  # a pickle begins so
    seal(place / "model")
    refused("the weights of the model cannot be used")


def test_a_file_that_is_larger_than_it_can_be_is_not_read(place: Path) -> None:
    path = place / "model/README.md"
    os.truncate(path, 1 << 40)  # a hole: it takes no space
    refused("README.md of a model has at most 16 MiB")


def test_a_pipe_in_place_of_a_file_is_not_waited_for(place: Path) -> None:
    path = place / "model/README.md"
    path.unlink()
    os.mkfifo(path)
    refused("the model lacks README.md")


def test_links_and_files_of_others_do_not_matter(place: Path) -> None:
    shutil.copytree("model", "blobs")
    for path in (place / "model").iterdir():
        path.unlink()
        path.symlink_to(place / "blobs" / path.name)
    (place / "model/.gitattributes").write_text("*.safetensors filter=lfs\n")
    load_model("model", device="cpu")


def test_the_fold_of_a_run_is_a_model_too_and_the_run_is_not(place: Path) -> None:
    fold = Path("run/folds/casme2/sub02")
    model = load_model(fold, device="cpu")
    assert (model.held_out, model.fitted, model.crop) == ("casme2/sub02", None, 33)
    assert model.classes == ("negative", "positive", "surprise")
    with pytest.raises(InputError, match="a run has a network for each fold") as caught:
        load_model("run")
    assert "run/folds/casme2/sub01" in caught.value.fix
    (fold / "regions.safetensors").write_bytes((fold / "weights.safetensors").read_bytes())
    with pytest.raises(InputError, match="weights of fold casme2/sub02 cannot be used"):
        load_model(fold)
    (fold / "weights.safetensors").unlink()
    with pytest.raises(InputError, match="the weights are of another network"):
        load_model(fold)


@pytest.mark.promise("fault 24")
@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_device_that_is_absent_is_not_replaced(place: Path) -> None:
    with pytest.raises(SetupError, match="--device cuda"):
        load_model("model", device="cuda")


def test_loading_draws_no_random_number(place: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_model("model", device="cpu")
    load_model("run/folds/casme2/sub01", device="cpu")
    assert torch.equal(torch.rand(3), expected)
