"""The clips of a finished run, read again from its caches."""

from pathlib import Path

from raicl.train.report.networks import composite_of
from raicl.train.run.key import to_toml
from raicl.train.run.outcome import read_outcome
from raicl.train.settings import TrainSettings
from tests.train.caches import claim_every_frame
from tests.train.conftest import Command, MakeCache


def test_a_database_that_was_only_tested_is_not_trained_on_again(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, command: Command
) -> None:
    flows = [
        make_cache(tmp_path / f"{name}.h5", dataset=name, seed=seed, n=20)
        for seed, name in enumerate(("casme2", "samm"))
    ]
    for path in flows:
        claim_every_frame(path)
    chosen = {"epochs": 1, "sampling": "uniform", "scale_fit": "middle", "n_frames": 4}
    config = tmp_path / "small.toml"
    config.write_text(to_toml(TrainSettings.model_validate({**small.model_dump(), **chosen})))
    run = tmp_path / "run"
    options = ["--config", config, "--no-pictures", "--run-dir", run]
    assert command(flows[0], "--test", flows[1], *options) == 0
    composite = composite_of(read_outcome(run, "run"), flows)
    assert {clip.split("/")[0] for clip in composite.fitted} == {"casme2"}
    assert {clip.split("/")[0] for clip in composite.labels} == {"casme2", "samm"}
