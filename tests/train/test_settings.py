import re
from pathlib import Path
from typing import Any

import pytest

import raicl.common
import raicl.train
from raicl.common.errors import UsageError
from raicl.common.settings import merge
from raicl.train.settings import PRESETS, TrainSettings, load_preset

FOLDER = Path(raicl.train.__path__[0])
COMMON = Path(raicl.common.__path__[0])


def build(**given: Any) -> TrainSettings:
    return merge(TrainSettings, ("command line", given))


def test_the_defaults_are_the_papers() -> None:
    """The table of the method's hyper-parameters."""
    paper = merge(TrainSettings, ("paper", load_preset("paper")))
    assert paper == TrainSettings()
    assert (paper.size, paper.width, paper.last_stride) == (225, 64, 2)
    assert (paper.epochs, paper.batch_size, paper.pairs) == (100, 128, 16)
    assert (paper.lr, paper.weight_decay, paper.gamma) == (1e-3, 1e-4, 0.9)
    assert (paper.momentum, paper.queries, paper.dim) == (0.99, 8, 256)
    assert (paper.temperature_online, paper.temperature_target) == (0.1, 0.04)
    assert (paper.lambda_cls, paper.lambda_acl, paper.lambda_mrd) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_and_say_only_what_differs(name: str) -> None:
    preset, defaults = load_preset(name), TrainSettings()
    merge(TrainSettings, (name, preset))
    assert [key for key, value in preset.items() if value == getattr(defaults, key)] == []


def test_every_preset_file_is_offered() -> None:
    assert sorted(path.stem for path in (FOLDER / "presets").glob("*.toml")) == sorted(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_maps_of_presets_are_mirror_symmetric(name: str) -> None:
    settings = merge(TrainSettings, (name, load_preset(name)))
    assert settings.size % (16 * settings.last_stride) == 1


def test_every_setting_is_read_somewhere() -> None:
    files = [*FOLDER.glob("*.py"), COMMON / "sample.py"]  # both stages sample there
    sources = (path.read_text() for path in files if path.name != "settings.py")
    read = set(re.findall(r"settings\.(\w+)", "\n".join(sources)))
    assert set(TrainSettings.model_fields) - read == set()


@pytest.mark.parametrize(
    "given", [{"dim": 30}, {"dim": 64, "decoder_heads": 5}, {"momentum": 1.5}, {"gama": 0.9}]
)
def test_settings_that_cannot_work_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        build(**given)


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        load_preset("huge")
    assert "paper, tiny" in caught.value.fix
