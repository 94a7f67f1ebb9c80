"""Presets against the tables of the method, and every ablation through a fold."""

import json
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import UsageError
from raicl.common.settings import merge
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.resample import resample
from raicl.train.settings import TrainSettings, load_preset, preset_names
from raicl.train.settings.presets import merge_settings
from tests.train.caches import claim_every_frame
from tests.train.conftest import MakeCache
from tests.train.harness import Data

OFF = {"irc": False, "mrd": False}
# Method 4, "Ablation configs": sampler of the training frames, IRC, MRD. The paper trains its rows
# on the middle 16; from a cache of every frame that has to be said.
ABLATION: dict[str, dict[str, Any]] = {
    "M1": {"sampling": "apex", **OFF},
    "M2": {"sampling": "middle", **OFF},
    "M3a": {"sampling": "apex"},
    "M3b": {"sampling": "middle", "n_frames": 1, **OFF},
    "M4": {"sampling": "middle", "irc": False},
    "M5": {"sampling": "middle", "mrd": False},
    "M6": {"sampling": "middle"},
    "M7": {"sampling": "apex-centred"},
    "M8": {"sampling": "all"},
    "M9": {"sampling": "random"},
    "M10": {"sampling": "uniform"},
    "M11": {"sampling": "activation"},
    "M12": {"sampling": "decay"},
}
# Method 3.8: of the other networks what their authors' public code trains with
PUBLISHED = {**OFF, "size": 28, "scale": "minmax255", "gamma": 1.0, "weight_decay": 0.0}
# Method 8, "Presets to ship".
SHIPPED: dict[str, dict[str, Any]] = {
    "paper": {},
    "paper_literal": {
        "size": 224,
        "flip": "tensor",
        "scale": "minmax255",
        "predictor": False,
        "query_start": "zero",
        "balance": "none",
    },
    "ststnet": {
        **PUBLISHED,
        "network": "ststnet",
        "epochs": 800,
        "pairs": 1,
        "batch_size": 256,
        "lr": 5e-5,
    },
    "off-apexnet": {
        **PUBLISHED,
        "network": "off-apexnet",
        "epochs": 50,
        "batch_size": 256,
        "lr": 5e-5,
    },
    "dual-inception": {
        **PUBLISHED,
        "network": "dual-inception",
        "epochs": 40,
        "pairs": 1,
        "batch_size": 3,
        "lr": 1e-4,
    },
    "linear": {**OFF, "network": "linear", "size": 28, "lr": 1e-2},
    "small": {
        **OFF,
        "network": "small",
        "width": 16,
        "members": 4,
        "size": 28,
        "scale": "sample-zscore",
        "mirror": 0.5,
        "flip_average": True,
        "imbalance": "logit-adjustment",
        "epochs": 40,
        "pairs": 1,
        "batch_size": 64,
        "lr": 2e-3,
        "lr_schedule": "cosine",
    },
    "robust": {
        "imbalance": "logit-adjustment",
        "infer": "mean",
        "flip_average": True,
        "scale": "minmax255",
    },
}


def differences(name: str) -> dict[str, Any]:
    """What a preset changes of `paper`, after validation."""
    paper = merge_settings("paper", None, {}).model_dump()
    changed = merge_settings(name, None, {}).model_dump()
    return {key: value for key, value in changed.items() if value != paper[key]}


def test_there_is_a_preset_for_every_row_of_the_tables_and_no_other() -> None:
    assert set(preset_names()) == {*ABLATION, *SHIPPED, "tiny"}
    assert preset_names().index("M9") < preset_names().index("M10")


@pytest.mark.parametrize("name", [*ABLATION, *SHIPPED])
def test_a_preset_differs_from_the_paper_by_what_the_method_says(name: str) -> None:
    found = differences(name)
    print(f"{name}: {', '.join(f'{k} = {v}' for k, v in found.items()) or 'nothing'}")
    assert found == {**ABLATION, **SHIPPED}[name]


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_valid_and_says_only_what_differs(name: str) -> None:
    preset, defaults = load_preset(name), TrainSettings()
    merge(TrainSettings, (name, preset))
    assert [key for key, value in preset.items() if value == getattr(defaults, key)] == []


RESNET18 = {n for n in preset_names() if merge_settings(n, None, {}).network == "resnet18"}


@pytest.mark.parametrize("name", sorted(RESNET18 - {"paper_literal"}))
def test_maps_are_mirror_symmetric_but_for_the_literal_reading(name: str) -> None:
    settings = merge_settings(name, None, {})
    assert settings.size % (2**settings.stages * settings.last_stride) == 1
    literal = merge_settings("paper_literal", None, {})
    assert literal.size % (2**literal.stages * literal.last_stride) != 1


def test_of_several_presets_each_stands_over_the_one_before(tmp_path: Path) -> None:
    tiny = load_preset("tiny")
    both = merge_settings("tiny, M2", None, {})
    assert {**TrainSettings().model_dump(), **tiny, **ABLATION["M2"]} == both.model_dump()
    assert merge_settings("M8,M9", None, {}).sampling == "random"
    assert merge_settings("M9,M8", None, {}).sampling == "all"
    config = tmp_path / "c.toml"
    config.write_text("irc = true\n")
    assert merge_settings("tiny,M2", config, {}).irc
    assert merge_settings("tiny,M2", config, {"irc": False}) == both


@pytest.mark.parametrize("name", ["huge", "tiny,huge", "tiny,,M2", "", "m2", "../presets/tiny"])
def test_an_unknown_preset_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError, match="no such preset") as caught:
        merge_settings(name, None, {})
    assert caught.value.fix == f"choose one of {', '.join(preset_names())}"


@pytest.mark.parametrize("name", [*ABLATION, "robust", "paper_literal"])
def test_every_preset_trains_and_tests_from_one_cache_of_every_frame(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, name: str
) -> None:
    path = make_cache(tmp_path / "all.h5", subjects=2, n=20)
    claim_every_frame(path)
    given = {**small.model_dump(), **load_preset(name), "epochs": 1, "size": 33}
    settings = merge(TrainSettings, (name, given))
    composite = resample(compose([path], load_protocol("cde"), as_prepared=False), settings)
    data = Data.of_composite(composite)
    wanted = {"apex": 1, "all": 20, "random": 20, "activation": 10, "decay": 9}
    count = settings.n_frames if settings.n_frames == 1 else wanted.get(settings.sampling, 16)
    if settings.sampling == "cache":
        count = 20
    assert {len(rows) for rows in data.instances.rows.values()} == {count}
    fold = data.folds[0]
    fitted = data.fit(fold, settings, tmp_path)
    [row] = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    assert ("acl" in row, "align" in row) == (settings.irc, settings.mrd)
    assert ("balance" in row) == (settings.mrd and name != "paper_literal")
    assert [prediction.clip for prediction in data.predict(fitted, fold.test)] == list(fold.test)
