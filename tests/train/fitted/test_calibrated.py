"""A calibrated model: its temperature is found as a fold finds it, kept, said and used."""

import json
from pathlib import Path

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from raicl.data.protocols.protocol import load_protocol
from raicl.train import load_model
from raicl.train.clips.folds import every_clip
from raicl.train.clips.plan import assemble
from raicl.train.fold.calibration import calibrate
from raicl.train.fold.fit import Output
from raicl.train.scores.predictions import read_predictions
from raicl.train.settings.presets import merge_settings
from tests.train.conftest import Command
from tests.train.fitted.conftest import OF_ALL, Fit
from tests.train.harness import CPU, Data

COMMON = [*OF_ALL[:2], "--calibration", "inner"]


def test_it_is_used_and_found_as_a_fold_finds_its_own(place: Path, fit: Fit) -> None:
    answer = fit(*COMMON, "--out", "calibrated")
    assert answer.code == 0
    record = json.loads((place / "calibrated/model.json").read_text())["calibration"]
    settings = merge_settings(None, place / "small.toml", {"calibration": "inner"})
    composite = assemble([place / "flows.h5"], load_protocol("cde"), settings)
    fold = every_clip(composite)
    (place / "fold").mkdir()
    again = calibrate(
        fold,
        Data.of_composite(composite).instances,
        composite.labels,
        composite.subjects(fold.train),
        settings,
        n_classes=3,
        device=CPU,
        output=Output(folder=place / "fold", say=print),
    )
    assert again is not None
    assert record == {**vars(again), "subjects": list(again.subjects)}
    assert f"temperature {again.temperature:.3f}, fitted on 3 clips of casme2/sub0" in answer.out

    plain, calibrated = (load_model(place / name, device="cpu") for name in ("model", "calibrated"))
    weights = [(place / n / "model.safetensors").read_bytes() for n in ("model", "calibrated")]
    assert weights[0] == weights[1]
    cache = open_cache(place / "flows.h5")
    for stored in cache.records:
        clip = cache.read(stored).instances
        before = plain.predict(clip, middle=stored.middle)
        hotter = before ** (1 / again.temperature)
        found = calibrated.predict(clip, middle=stored.middle)
        assert found == pytest.approx(hotter / hotter.sum(), abs=1e-5)
        assert found.argmax() == before.argmax()
        np.testing.assert_array_equal(
            calibrated.attend(clip[0]).class_map, plain.attend(clip[0]).class_map
        )
    assert f"probabilities at temperature {again.temperature:.3f}" in repr(calibrated)
    assert plain.calibration is None
    assert "probabilities that are not calibrated" in repr(plain)

    card = " ".join((place / "calibrated/README.md").read_text().split())
    assert f"logits are divided by a temperature of {again.temperature:.3f}" in card
    assert "It was fitted on the 3 clips of 1 subjects" in card
    assert "not calibrated" not in card


def test_the_card_has_the_error_of_the_run_that_stands_for_it(
    place: Path, fit: Fit, command: Command
) -> None:
    run = ["flows.h5", *COMMON, "--run-dir", "other", "--no-pictures"]
    assert command(*run) == 0
    assert fit(*COMMON, "--scores", "other", "--out", "calibrated").code == 0
    results = json.loads((place / "other/results.json").read_text())
    card = " ".join((place / "calibrated/README.md").read_text().split())
    after, before = results["reliability"]["ece"], results["uncalibrated"]["ece"]
    assert f"calibration error was {after:.3f}, and {before:.3f} before calibration" in card
    assert fit(*COMMON, "--scores", "run", "--out", "third").code == 3  # of other settings

    cache = open_cache(place / "flows.h5")
    rows = {row.clip: row for row in read_predictions(place / "other/predictions.csv")[0]}
    for record in cache.records[:4]:
        model = load_model(f"other/folds/{record.subject_key}", device="cpu")
        found = model.predict(cache.read(record).instances, middle=record.middle)
        assert found == pytest.approx(rows[record.id].probabilities, abs=2e-6)
