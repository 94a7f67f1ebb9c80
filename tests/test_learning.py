"""The golden thread: a small synthetic database is learnt, and its shuffled labels are not."""

from pathlib import Path

import pytest
import torch

from raicl.common.settings import merge
from raicl.data.database import read_database
from raicl.data.protocols.protocol import load_protocol
from raicl.data.synthetic.database import make_database
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from raicl.train.clips.compose import compose
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.clips.plan import controlled
from raicl.train.run.cross_validate import cross_validate
from raicl.train.run.experiment import Experiment
from raicl.train.run.opening import open_run
from raicl.train.settings import TrainSettings, load_preset
from tests.train.commands import put_back

pytestmark = pytest.mark.slow

FOLDS = 4  # of eight: 80 tested clips


@pytest.fixture(scope="module")
def composite(tmp_path_factory: pytest.TempPathFactory) -> Composite:
    folder = tmp_path_factory.mktemp("learning")
    # twenty clips more per person that are only tested: a few points can then be told from chance
    make_database(folder / "database", subjects=8, clips=6, test_clips=20, seed=3)
    database = read_database("synthetic", root=folder / "database")
    settings = PrepSettings(flow_profile="fast", n_frames=8)
    prepare(database, folder / "flows.h5", settings, jobs=2)
    return compose([folder / "flows.h5"], load_protocol("cde"))


def uar(composite: Composite, folder: Path, control: str = "none") -> float:
    settings = merge(TrainSettings, ("tiny", load_preset("tiny")), ("test", {"control": control}))
    composite = controlled(composite, settings)
    folds = leave_one_subject_out(composite.clips)
    experiment = Experiment(
        composite=composite,
        settings=settings,
        folds=folds,
        device=torch.device("cpu"),
        run=open_run(folder, composite, settings),
        draw=False,
    )
    with put_back():
        return float(cross_validate(experiment, folds[:FOLDS]).uar)


@pytest.mark.timeout(1800)
def test_held_out_people_are_recognised_far_above_chance(
    composite: Composite, tmp_path: Path
) -> None:
    # seeds 0 to 3 gave .651, .649, .675 and .663: four of their standard deviations below the mean
    assert uar(composite, tmp_path / "run") > 0.61  # chance is a third


@pytest.mark.timeout(1800)
def test_shuffled_labels_are_not_learnt(composite: Composite, tmp_path: Path) -> None:
    # 80 clips: three standard errors of chance; seeds 0 to 3 gave .243, .342, .337 and .293
    assert abs(uar(composite, tmp_path / "run", "shuffle-labels") - 1 / 3) < 0.16
