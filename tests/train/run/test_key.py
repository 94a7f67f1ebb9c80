"""The key of a run: an option that came later leaves the keys of earlier runs as they were."""

from pathlib import Path

from raicl.common.settings import merge, read_toml
from raicl.train.run.key import identifying, keyed
from raicl.train.settings import TrainSettings

GOLDEN = Path(__file__).parents[2] / "golden" / "run-v1" / "config.toml"


def golden(**changed: object) -> TrainSettings:
    return merge(TrainSettings, (str(GOLDEN), read_toml(GOLDEN)), ("test", changed))


def test_the_key_of_a_run_that_asks_for_nothing_new_is_made_of_what_the_first_runs_had() -> None:
    had = {name for name in read_toml(GOLDEN) if name in identifying(TrainSettings())}
    none = {"window", "frame_rate", "clip_gradient"}  # not written into a file, but in the key
    assert set(keyed(golden())) == had | none


def test_a_later_option_is_in_the_key_of_a_run_that_asks_for_it() -> None:
    asked = golden(sampling="decay", tested_frame="trained")
    assert keyed(asked) == keyed(golden(sampling="decay")) | {"tested_frame": "trained"}
    assert keyed(golden(sampling="decay")) == keyed(golden()) | {"sampling": "decay"}
