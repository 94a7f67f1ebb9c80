"""An exported file says what the model says, in a runtime that knows nothing of raicl."""

import io
import json
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnxruntime
import pytest
import torch

from raicl.common.cache.flows import open_cache
from raicl.train import load_model
from raicl.train.export import command, onnx_file, torch_file
from raicl.train.export.cli import FormatName
from raicl.train.export.deployed import OUTPUTS, Deployed
from raicl.train.export.samples import random_instances
from raicl.train.inputs.scaling import Scale, apply_scale
from raicl.train.settings import TrainSettings
from raicl.train.settings.inputs import ScaleName
from tests.train.caches import write_cache
from tests.train.conftest import Command, Raicl
from tests.train.fitted.models import write_model

SHALLOW = {"stages": 3, "blocks": 1}  # a graph of few nodes is translated in a few seconds


@pytest.fixture
def place(tmp_path: Path, small: TrainSettings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a cache of 40 px, and a model that resizes, mirrors and corrects."""
    monkeypatch.chdir(tmp_path)
    write_cache(Path("flows.h5"), size=40)
    changes = {"flip_average": True, "imbalance": "prior-correction", **SHALLOW}
    write_model(Path("model"), Path("flows.h5"), small.model_copy(update=changes))
    return tmp_path


def middles() -> np.ndarray:
    cache = open_cache(Path("flows.h5"))
    return np.stack([cache.read(record).instances[record.middle] for record in cache.records])


def test_an_onnx_file_says_what_the_model_says(place: Path, raicl: Raicl) -> None:
    answer = raicl("export", "model", "--to", "onnx", "--out", "a.onnx", "--flows", "flows.h5")
    assert (answer.code, answer.err) == (0, "")
    assert "9 flows.h5" in answer.out
    assert str(Path("a.onnx").stat().st_size) in answer.out
    assert "for research only" in answer.out
    session = onnxruntime.InferenceSession("a.onnx", providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    assert (given.name, given.shape) == ("instances", ["batch", 3, 40, 40])
    model = load_model("model", device="cpu")
    instances = middles()
    expected = np.stack([model.predict(instance[None]) for instance in instances])
    for batch in (1, 2, 9):
        found = session.run(None, {"instances": instances[:batch].astype("f4")})
        # a number on the border of two float16 may fall to either side after the resizing
        assert found[0] == pytest.approx(expected[:batch], abs=1e-4)
        assert found[2][0] == pytest.approx(model.class_maps(instances[0]), abs=1e-3)
        assert [len(output) for output in found] == [batch] * 3
    told = session.get_modelmeta()
    assert told.description.startswith("for research only")
    assert told.custom_metadata_map["digest"] == model.digest
    assert json.loads(told.custom_metadata_map["classes"]) == list(model.classes)
    assert told.custom_metadata_map["crop"] == "40"
    assert told.custom_metadata_map["scale"] == "train-std"
    content = Path("a.onnx").read_bytes()
    assert str(place).encode() not in content
    assert b"site-packages" not in content


def test_a_fold_is_exported_for_torch_without_raicl(
    tmp_path: Path, flows: Path, options: list[object], command: Command, raicl: Raicl
) -> None:
    assert command(flows, *options, "--fold", "#1") == 0
    fold, out = tmp_path / "run/folds/casme2/sub02", tmp_path / "a.pt2"
    answer = raicl("export", fold, "--to", "torch-export", "--out", out, "--json", "--quiet")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert found["ways"]["torch-export"]["bytes"] == out.stat().st_size
    assert found["ways"]["torch-export"]["differences"]["random"]["probabilities"] < 1e-4
    assert set(found["ways"]["PyTorch"]["milliseconds"]) == {"1", "2"}
    extra: dict[str, Any] = {"metadata.json": ""}
    program = torch.export.load(io.BytesIO(out.read_bytes()), extra_files=extra).module()
    told = json.loads(extra["metadata.json"])
    assert told["held_out"] == "casme2/sub02"
    assert told["intended_use"].startswith("for research only")
    model = load_model(fold, device="cpu")
    for batch in (1, 5):
        instances = torch.from_numpy(random_instances(model)[-batch:])
        probabilities, logits, _ = program(instances)
        assert probabilities.detach().numpy() == pytest.approx(
            model.predict_each(instances), abs=1e-5
        )
        torch.testing.assert_close(logits.softmax(-1), probabilities)
    assert str(tmp_path).encode() not in out.read_bytes()


class Scaled(torch.nn.Module):
    """Three modes of scaling in place of three outputs."""

    crop = 33

    def __init__(self, modes: list[ScaleName]) -> None:
        super().__init__()
        numbers = {"flow": 0.3, "strain": 0.05}
        self.scales = [
            Scale(**numbers, clip=10.0 if "std" in mode else None, mode=mode) for mode in modes
        ]

    def forward(self, instances: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(apply_scale(instances, scale) for scale in self.scales)


@pytest.mark.parametrize("first", [0, 3])
def test_every_mode_of_scaling_is_the_same_in_onnxruntime(first: int) -> None:
    scaled = Scaled(list(get_args(ScaleName))[first : first + 3])
    run = onnx_file.load(onnx_file.encode(scaled, {}), 1)  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    strength = np.geomspace(0.01, 100, 6)[:, None, None, None]
    strength[0] = 0  # rest
    instances = (rng.standard_normal((6, 3, 33, 33)) * strength).astype("f4")
    expected = scaled(torch.from_numpy(instances))
    for found, wanted in zip(run(instances), expected, strict=True):
        assert found == pytest.approx(wanted.numpy(), abs=1e-5, rel=1e-5)


@pytest.mark.parametrize("mode", get_args(ScaleName))
@pytest.mark.parametrize("crop", [33, 48])
def test_what_is_exported_is_the_predictor_for_every_mode(
    tmp_path: Path, small: TrainSettings, mode: ScaleName, crop: int
) -> None:
    flows = write_cache(tmp_path / "flows.h5", size=crop, subjects=2)
    write_model(tmp_path / "model", flows, small.model_copy(update={"scale": mode, "mrd": False}))
    model = load_model(tmp_path / "model", device="cpu")
    instances = random_instances(model)
    probabilities, logits, maps = Deployed(model)(torch.from_numpy(instances))
    assert probabilities.numpy() == pytest.approx(model.predict_each(instances), abs=1e-4)
    torch.testing.assert_close(logits.softmax(-1), probabilities)
    assert maps.shape == (len(instances), 3, 3, 3)


def test_exporting_leaves_the_predictor_as_it_is(place: Path) -> None:
    model = load_model("model", device="cpu")
    before = model.predict_each(middles())
    torch_file.trace(Deployed(model))
    assert np.array_equal(model.predict_each(middles()), before)


def export(raicl: Raicl, *words: object, code: int) -> str:
    before = files(Path())
    answer = raicl("export", *words)
    assert (answer.code, answer.out) == (code, "")
    assert len([line for line in answer.err.splitlines() if line.startswith("error:")]) == 1
    assert "Traceback" not in answer.err
    assert files(Path()) == before
    return answer.err


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.glob("*") if path.is_file()}


TORCH = ("--to", "torch-export", "--out")


def test_what_cannot_be_exported_is_refused(
    place: Path, small: TrainSettings, raicl: Raicl, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("there.pt2").write_text("mine")
    assert "the output exists" in export(raicl, "model", *TORCH, "there.pt2", code=6)
    assert "a folder" in export(raicl, "model", *TORCH, "model", "--overwrite", code=6)
    assert "output exists" in export(
        raicl, "model", *TORCH, "flows.h5", "--flows", "flows.h5", "--overwrite", code=6
    )
    assert "folder does not exist" in export(raicl, "model", *TORCH, "no/a.pt2", code=3)
    assert "no such model" in export(raicl, "none", *TORCH, "a.pt2", code=3)
    write_cache(Path("other.h5"))
    said = export(raicl, "model", *TORCH, "a.pt2", "--flows", "other.h5", code=3)
    assert "--size 40" in said
    half = small.model_copy(update={"precision": "bfloat16"})
    write_model(Path("half"), Path("flows.h5"), half)
    assert "computes in bfloat16" in export(raicl, "half", *TORCH, "a.pt2", code=2)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "onnxscript", None)
        said = export(raicl, "model", "--to", "onnx", "--out", "a.onnx", code=4)
        assert "pip install 'raicl[export]'" in said
    weights = Path("model/model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert "damaged or changed" in export(raicl, "model", *TORCH, "a.pt2", code=3)


class Wrong(Deployed):
    def __init__(self, predictor: Any) -> None:
        super().__init__(predictor)
        self.correction[0] += 0.01


def test_a_file_that_says_something_else_is_not_written(
    place: Path, raicl: Raicl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "Deployed", Wrong)
    said = export(raicl, "model", *TORCH, "a.pt2", code=4)
    assert "differs from PyTorch" in said
    assert "nothing was written" in said


def test_a_model_that_pools_says_that_the_file_does_not(
    place: Path, small: TrainSettings, raicl: Raicl
) -> None:
    vote = small.model_copy(update={"infer": "vote", **SHALLOW})
    write_model(Path("vote"), Path("flows.h5"), vote)
    answer = raicl("export", "vote", *TORCH, "a.pt2")
    assert answer.code == 0
    assert "pools the instances of a clip (vote)" in answer.err


def test_every_format_is_an_option() -> None:
    assert set(get_args(FormatName)) == set(command.FORMATS)
    assert OUTPUTS == ("probabilities", "logits", "class_maps")
