"""A scale may be fitted on the middle instances, whatever a run trains on."""

from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.common.settings import merge
from raicl.train.inputs.scaling import Scale, fit_scale
from raicl.train.settings import TrainSettings
from tests.train.caches import claim_every_frame
from tests.train.clips.sampling import asking, composed
from tests.train.conftest import MakeCache
from tests.train.harness import Data


def fitted_scale(path: Path, small: TrainSettings, **values: Any) -> Scale:
    settings = merge(TrainSettings, ("test", small.model_dump() | values))
    composite = composed(path, settings)
    data = Data.of_composite(composite)
    return fit_scale(data.instances, data.folds[0].train, settings)


@pytest.mark.parametrize("sampling", ["all", "random", "uniform", "apex", "activation", "decay"])
def test_a_scale_fitted_on_the_middle_is_that_of_the_row_that_trains_on_it(
    every: Path, small: TrainSettings, sampling: str
) -> None:
    middle = fitted_scale(every, small, sampling="middle", n_frames=6)
    own = fitted_scale(every, small, sampling=sampling, n_frames=6)
    fixed = fitted_scale(every, small, sampling=sampling, n_frames=6, scale_fit="middle")
    assert fixed == middle != own


def test_a_scale_fitted_on_the_middle_knows_no_clip_that_is_tested(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    def scale_with(name: str, changed: str) -> Scale:
        def double(clip: str, instances: Any) -> Any:
            return 2 * instances if clip == changed else instances

        path = make_cache(tmp_path / name, n=20, change=double)
        claim_every_frame(path)
        return fitted_scale(path, small, sampling="decay", n_frames=6, scale_fit="middle")

    before = scale_with("a.h5", "none")
    assert scale_with("b.h5", "casme2/sub01/EP01") == before  # the first fold's
    assert scale_with("c.h5", "casme2/sub02/EP01") != before


def test_instances_that_only_the_scale_is_fitted_on_are_not_kept(every: Path) -> None:
    settings = asking(sampling="decay", n_frames=4, scale_fit="middle")
    composite = composed(every, settings)
    assert [len(rows) for rows in composite.fitted.values()] == [4] * 9
    assert len(Data.of_composite(composite).instances.strength) == 9 * 4 + 9


def test_a_cache_without_the_middle_cannot_fit_the_scale_on_it(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    # frames 11 … 16 of 10 … 17, the apex at 14 and m = 3; its middle five are 11 … 15
    path = make_cache(tmp_path / "middle.h5", n=6, settings={"sampling": "middle", "n_frames": 6})
    served = {"sampling": "apex", "scale_fit": "middle"}
    fitted = composed(path, asking(**served, n_frames=5)).fitted
    assert fitted["casme2/sub01/EP01"] == (0, 1, 2, 3, 4)
    with pytest.raises(InputError) as caught:
        composed(path, asking(**served, n_frames=16))
    assert "casme2/sub01/EP01: --scale-fit middle --n-frames 16 needs frames" in caught.value.what
    assert f"--sampling all --out {path}" in caught.value.fix
