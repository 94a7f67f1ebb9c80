"""A model of the first version stays usable: its folder lies in tests/golden."""

from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache
from raicl.train import load_model
from tests.train.conftest import MakeCache

GOLDEN = Path(__file__).parents[2] / "golden" / "model-v1"
# what it said of analytic clips when it was fitted, averaged with their mirror images
KNOWN = {
    "casme2/sub01/EP01": (0.28997, 0.32493, 0.38510),
    "casme2/sub01/EP02": (0.32393, 0.32996, 0.34611),
    "casme2/sub01/EP03": (0.29461, 0.33787, 0.36752),
}


def test_the_first_models_are_loaded_and_say_what_they_said(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    model = load_model(GOLDEN, device="cpu")
    assert model.digest.startswith("778e4ccf0847e061")
    assert model.fitted is not None
    assert model.fitted.record.version == 1
    assert model.fitted.statistics.quantities["frame_rate_hz"].quantiles == (200,) * 9
    assert model.fitted.scores is not None
    assert model.fitted.scores.results.uar == pytest.approx(1 / 3)
    cache = open_cache(make_cache(tmp_path / "flows.h5"))
    records = {record.id: record for record in cache.records}
    for clip, expected in KNOWN.items():
        found = model.predict(cache.read(records[clip]).instances, middle=records[clip].middle)
        assert found == pytest.approx(expected, abs=1e-4)
    assert model.attend(cache.read(records[clip]).instances[0]).assignment is not None
