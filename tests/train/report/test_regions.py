"""Regions and attention of a run on a synthetic database, measured against its truth."""

import dataclasses
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_mutual_info_score

from raicl.common.cache.flows import StoredClip, open_cache
from raicl.common.errors import InputError
from raicl.common.versioned import read_versioned
from raicl.data.database import read_database
from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.difficulty import DIFFICULTIES
from raicl.data.synthetic.truth import moving_region
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from raicl.train.fold.inference import Attention, attend
from raicl.train.inputs.instances import load_instances
from raicl.train.report.measured import ONE, MeasuredRun, Measurements
from raicl.train.report.networks import network_of
from raicl.train.report.page import write_page
from raicl.train.report.regions import measure
from raicl.train.report.truth import KnownClip
from raicl.train.run.key import to_toml
from raicl.train.run.outcome import Outcome, read_outcome
from raicl.train.scores.parts import PARTS
from raicl.train.settings import TrainSettings
from tests.train.conftest import Command, Raicl
from tests.train.markup import Page
from tests.train.runs import seal_again


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, small: TrainSettings, command: Command) -> Path:
    """Six clips of two synthetic people, their cache, and runs with and without MRD."""
    folder = tmp_path_factory.mktemp("known")
    make_database(folder / "database", subjects=2, clips=3, seed=2, jobs=1)
    database = read_database("synthetic", root=folder / "database")
    settings = PrepSettings(flow_profile="fast", n_frames=2, size=65)
    prepare(database, folder / "flows.h5", settings, jobs=1)
    (folder / "small.toml").write_text(to_toml(small.model_copy(update={"threads": 1})))
    for name, options in {"full": [], "plain": ["--no-mrd"], "one": ["--queries", "1"]}.items():
        words = ["--config", folder / "small.toml", "--run-dir", folder / name, "--no-pictures"]
        assert command(folder / "flows.h5", *words, *options) == 0
    return folder


@pytest.fixture(scope="module")
def outcome(place: Path) -> Outcome:
    return read_outcome(place / "full", "full")


@pytest.fixture(scope="module")
def run(place: Path, outcome: Outcome) -> MeasuredRun:
    return measure(outcome, [place / "flows.h5"], place / "database")


@pytest.fixture(scope="module")
def stored(place: Path) -> dict[str, StoredClip]:
    cache = open_cache(place / "flows.h5")
    return {record.id: StoredClip(cache, record) for record in cache.records}


@pytest.fixture(scope="module")
def seen(outcome: Outcome, stored: dict[str, StoredClip]) -> dict[str, Attention]:
    """What the fold that held a clip's subject out sees in it, with the map of its true class."""
    instances = load_instances(stored.values(), size=33, device=torch.device("cpu"), where="device")
    found = {}
    for row in outcome.predictions:
        of_truth = dataclasses.replace(row, predicted=row.truth)
        scale = outcome.folds[row.subject].scale
        found[row.clip] = attend(network_of(outcome, row.subject), instances, scale, of_truth)
    return found


def truth_of(database: Path, clip: str) -> Path:
    return database / "truth" / f"{clip.partition('/')[2]}.npz"


def test_attention_covers_what_opencv_finds_it_to_cover(
    place: Path, run: MeasuredRun, seen: dict[str, Attention], stored: dict[str, StoredClip]
) -> None:
    assert run.coverage is not None
    found = run.coverage["all"]
    for clip, attention in seen.items():
        cache, record = stored[clip]
        energy = np.maximum(attention.class_map.numpy(), 0) ** 2
        energy = cv2.resize(energy, (65, 65), interpolation=cv2.INTER_LINEAR)
        region = moving_region(truth_of(place / "database", clip)).astype(np.uint8)
        transform = cache.read(record).transform
        inside = cv2.warpAffine(region, transform, (65, 65), flags=cv2.INTER_NEAREST) > 0
        expected = energy[inside].sum() / max(energy.sum(), 1e-12) / inside.mean()
        assert found.clips[clip] == pytest.approx(expected, rel=0.02, abs=1e-6)
    assert found.clips.keys() == seen.keys()
    subjects = {name: name.rpartition("/")[0] for name in seen}
    for subject, value in found.subjects.items():
        own = [found.clips[clip] for clip in seen if subjects[clip] == subject]
        assert value == pytest.approx(np.mean(own))
    assert found.mean == pytest.approx(np.mean(list(found.subjects.values())))
    assert found.without == 0


def test_clips_without_a_weak_unit_are_counted_and_left_out(
    place: Path, run: MeasuredRun, stored: dict[str, StoredClip]
) -> None:
    assert run.coverage is not None
    weak, every = run.coverage["weak"], run.coverage["all"]
    known = {clip: KnownClip(place / "database", one) for clip, one in stored.items()}
    lacking = {clip for clip, one in known.items() if one.moving("weak") is None}
    assert lacking
    assert weak.without == len(lacking)
    assert weak.clips.keys() == every.clips.keys() - lacking
    for one in known.values():
        strong, both = one.moving("strong"), one.moving("all")
        assert strong is not None
        assert both is not None
        assert 0 < strong.mean() < 0.5


def test_regions_are_compared_with_the_parts_of_each_fold_on_its_own(
    place: Path, run: MeasuredRun, seen: dict[str, Attention], stored: dict[str, StoredClip]
) -> None:
    assert run.consistency is not None
    for subject, found in run.consistency.folds.items():
        labels, parts = [], []
        for clip, attention in seen.items():
            if clip.startswith(f"{subject}/"):
                assert attention.assignment is not None
                labels.append(attention.assignment.argmax(0).numpy())
                parts.append(KnownClip(place / "database", stored[clip]).parts((3, 3)))
        expected = adjusted_mutual_info_score(np.ravel(labels), np.ravel(parts))
        assert found == pytest.approx(expected, abs=1e-9)
    assert run.consistency.regions == pytest.approx(np.mean(list(run.consistency.folds.values())))
    assert run.consistency.folds.keys() == {"synthetic/sub01", "synthetic/sub02"}


def test_landmarks_lie_where_the_crop_has_the_face(
    place: Path, stored: dict[str, StoredClip]
) -> None:
    for one in stored.values():
        parts = KnownClip(place / "database", one).parts((65, 65))
        names = [PARTS[part] for part in parts[[23, 23, 35, 45], [21, 44, 32, 32]]]
        assert names == ["eyes", "eyes", "nose", "mouth"]  # eyes stand at .32 and .68 of the side


def test_without_mrd_there_is_attention_alone(place: Path) -> None:
    outcome = read_outcome(place / "plain", "plain")
    found = measure(outcome, [place / "flows.h5"], place / "database")
    assert (found.queries, found.sharing, found.consistency) == (0, None, None)
    assert found.coverage is not None
    assert len(found.coverage["all"].clips) == 6


def table_of(page: Path) -> str:
    tables = Page(page.read_text(encoding="utf-8")).all("table")
    return next((table.text for table in tables if "in numbers" in table.text), "")


def test_the_page_has_the_measures_and_the_file_beside_it_all_of_them(
    place: Path, run: MeasuredRun, raicl: Raicl
) -> None:
    page = place / "page.html"
    answer = raicl("report", place / "full", "--truth", place / "database", "--out", page)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines() == [str(page), str(place / "page.regions.json")]
    written = read_versioned(place / "page.regions.json", Measurements, fix="")
    assert written.runs == (run,)
    assert "Regions and attention in numbers" in table_of(page)
    assert run.coverage is not None
    assert f"{run.coverage['all'].mean:.3f}" in table_of(page)
    assert f"{run.coverage['weak'].without} of 6 clips have none" in table_of(page)


def test_with_caches_alone_the_regions_are_measured_and_without_mrd_nothing_is(place: Path) -> None:
    page, flows = place / "plain.html", [place / "flows.h5"]
    made = write_page(page, [read_outcome(place / "full", "full")], flows=flows, faces=False)
    assert made is not None
    [found] = read_versioned(made, Measurements, fix="").runs
    assert found.sharing is not None
    assert (found.consistency, found.coverage) == (None, None)
    assert "Place tells region" in table_of(page)
    assert write_page(page, [read_outcome(place / "full", "full")]) is None
    assert write_page(page, [read_outcome(place / "plain", "plain")], flows=flows) is None
    assert table_of(page) == ""


def test_one_region_is_said_to_be_one(place: Path) -> None:
    page, flows = place / "one.html", [place / "flows.h5"]
    write_page(page, [read_outcome(place / "one", "one")], flows=flows, faces=False)
    text = page.read_text(encoding="utf-8")
    assert ONE in text
    assert "In 2 of 2 folds the regions are one." in text


def test_the_truth_of_another_database_is_refused(
    place: Path, outcome: Outcome, tmp_path: Path
) -> None:
    flows = [place / "flows.h5"]
    with pytest.raises(InputError, match="not the truth of a synthetic clip"):
        measure(outcome, flows, tmp_path)
    shutil.copytree(place / "database/truth", tmp_path / "truth")
    one, other = (truth_of(tmp_path, row.clip) for row in outcome.predictions[1:3])
    shutil.copy(one, other)
    with pytest.raises(InputError, match="truth is of other pictures"):
        measure(outcome, flows, tmp_path)


def test_the_truth_of_another_difficulty_of_the_same_seed_is_refused(
    outcome: Outcome, place: Path, tmp_path: Path
) -> None:
    similar = DIFFICULTIES["similar"]
    make_database(tmp_path, subjects=2, clips=3, seed=2, jobs=1, difficulty=similar)
    with pytest.raises(InputError, match="truth is of other pictures"):
        measure(outcome, [place / "flows.h5"], tmp_path)


def test_a_truth_without_the_caches_is_refused(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "full", tmp_path / "full")
    environment = tmp_path / "full/env.json"
    environment.write_text(environment.read_text().replace(str(place), str(tmp_path)))
    seal_again(tmp_path / "full")
    with pytest.raises(InputError, match="are not where they were") as refused:
        write_page(
            tmp_path / "page.html",
            [read_outcome(tmp_path / "full", "full")],
            truth=place / "database",
        )
    assert "--flows FLOWS --truth DATABASE" in refused.value.fix
