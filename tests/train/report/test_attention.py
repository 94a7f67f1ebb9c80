"""What the page shows of a run that was really trained, with its weights, pictures and cache."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure

from raicl.common.errors import InputError
from raicl.train.fold.inference import Attention, attend
from raicl.train.report import attention
from raicl.train.report.page import write_page
from raicl.train.run.outcome import Outcome, read_outcome, read_outcomes
from tests.train.conftest import Command, MakeCache
from tests.train.harness import Data
from tests.train.markup import Page
from tests.train.runs import TRUTHS, predictions_of


@pytest.fixture
def flows(outcome: Outcome) -> Path:
    """The cache of `outcome`."""
    return outcome.folder.with_name("flows.h5")


@pytest.fixture
def train(flows: Path, command: Command) -> Callable[..., Outcome]:
    """Train the folds of `outcome` with other options: ``train("--infer", "mean", run="mean")``."""

    def train_into(*options: str, run: str) -> Outcome:
        folder = flows.with_name(run)
        words = ["--config", flows.with_name("small.toml"), "--run-dir", folder, "--fold", "0-1"]
        assert command(flows, *words, *options) == 0
        return read_outcome(folder, run)

    return train_into


def page_of(outcome: Outcome, **options: Any) -> Page:
    out = outcome.folder / "report.html"
    write_page(out, [outcome], **options)
    return Page(out.read_text(encoding="utf-8"))


def faces(page: Page) -> list[str]:
    images = page.all("img")
    return [
        e.attributes["alt"] for e in images if e.attributes["src"].startswith("data:image/webp")
    ]


def said(page: Page) -> str:
    return " ".join(page.all("main")[0].text.split())


def test_a_trained_run_is_told_with_the_regions_of_chosen_clips(
    outcome: Outcome, flows: Path
) -> None:
    page = page_of(outcome)
    chosen = attention.choose(outcome.predictions)
    shown = faces(page)
    for row, alt in zip(chosen, shown, strict=True):
        assert "and the regions" in alt
        assert row.clip in alt
        assert f"true class {outcome.classes[row.truth]}" in alt
    assert "show subjects of casme2" in said(page)  # a licensed database's name
    assert "1 of 3 folds are not done" in said(page)
    assert (outcome.folder / "report.html").stat().st_size < 1e6


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--infer-network", "target", "--infer", "mean"],
        ["--scale", "minmax255", "--no-fc-bias"],
        ["--no-mrd", "--imbalance", "prior-correction"],
    ],
)
def test_a_clip_is_drawn_again_as_the_network_saw_it_in_training(
    tmp_path: Path, train: Callable[..., Outcome], flows: Path, options: list[str]
) -> None:
    outcome = train(*options, "--no-pictures", run="drawn")
    again: list[Attention] = []

    def draw(*, seen: Attention, **_: object) -> Figure:
        again.append(seen)
        return Figure()

    attention.redraw(outcome, [flows], draw)
    data, settings = Data.of_cache(flows), outcome.settings
    networks = {fold.name: data.fit(fold, settings, tmp_path / fold.name) for fold in data.folds}
    for row, after in zip(attention.choose(outcome.predictions), again, strict=True):
        model, scale = networks[row.subject]
        before = attend(model, data.instances, scale, row)
        torch.testing.assert_close(after.class_map, before.class_map, rtol=1e-5, atol=1e-6)
        assert torch.equal(after.instance, before.instance)
        assert (before.assignment is None) == ("--no-mrd" in options)
        if before.assignment is not None:
            torch.testing.assert_close(after.assignment, before.assignment, rtol=1e-5, atol=1e-6)
        else:
            assert after.assignment is None


def test_without_faces_no_picture_of_a_person_is_in_the_page(outcome: Outcome) -> None:
    page = page_of(outcome, faces=False)
    assert faces(page) == []
    assert "The pictures of faces are left out" in said(page)
    assert len(page.all("img")) == 6  # the charts stay


def test_caches_that_are_gone_or_others_by_now_cost_the_chosen_clips_alone(
    outcome: Outcome, flows: Path, make_cache: MakeCache
) -> None:
    flows.rename(flows.with_name("away.h5"))
    flows.with_name("flows.h5.shards").rename(flows.with_name("away.h5.shards"))
    page = page_of(outcome)
    assert len(faces(page)) == 2
    assert "The caches of the run are not where they were, or others by now" in said(page)
    make_cache(flows, seed=1)
    assert len(faces(page_of(outcome))) == 2
    moved = page_of(outcome, flows=[flows.with_name("away.h5")])
    assert len(faces(moved)) > 2
    assert "not where they were" not in said(moved)
    with pytest.raises(InputError, match="not the caches of run run"):
        page_of(outcome, flows=[flows])
    # a cache whose shards did not come along is no cache
    shutil.rmtree(flows.with_name("flows.h5.shards"))
    flows.with_name("away.h5").replace(flows)
    assert len(faces(page_of(outcome))) == 2


def test_of_several_runs_each_is_drawn_from_those_of_the_caches_that_are_its_own(
    train: Callable[..., Outcome], outcome: Outcome, flows: Path, make_cache: MakeCache
) -> None:
    moved = flows.with_name("first.h5")
    flows.rename(moved)
    flows.with_name("flows.h5.shards").rename(moved.with_name("first.h5.shards"))
    make_cache(flows, seed=1)
    other = train("--seed", "1", run="other")
    out = flows.with_name("both.html")
    write_page(out, [outcome, other], flows=[flows, moved])
    page = Page(out.read_text(encoding="utf-8"))
    each = [len(attention.choose(one.predictions)) for one in (outcome, other)]
    assert len(faces(page)) == sum(each)


def test_a_picture_without_regions_is_not_said_to_show_them(
    train: Callable[..., Outcome], flows: Path
) -> None:
    outcome = train("--no-mrd", run="plain")
    flows.unlink()
    page = page_of(outcome)
    assert len(faces(page)) == 2
    assert not any("regions" in alt for alt in faces(page))
    assert "A region’s picture shows" not in said(page)


def no_weights(fold: Path) -> None:
    (fold / "weights.safetensors").unlink()


def other_weights(fold: Path) -> None:
    with (fold / "weights.safetensors").open("ab") as stream:
        stream.write(b"x")


def broken_picture(fold: Path) -> None:
    (fold / "attention.png").write_bytes(b"no picture")
    (fold.parents[3] / "flows.h5").unlink(missing_ok=True)  # or it is not looked at


def other_regions(fold: Path) -> None:
    with (fold / "regions.safetensors").open("ab") as stream:
        stream.write(b"x")


def test_a_run_without_its_weights_has_a_page_that_says_so(outcome: Outcome) -> None:
    no_weights(outcome.folder / "folds/casme2/sub02")
    other = outcome.folder.with_name("other")
    shutil.copytree(outcome.folder, other)
    no_weights(other / "folds/casme2/sub01")
    page = page_of(read_outcome(outcome.folder, "run"), flows=[outcome.folder.parent / "flows.h5"])
    assert "The weights of the run’s folds are not all in its folder" in said(page)
    assert len(faces(page)) == 2  # those that the run drew itself
    assert "The regions" not in said(page)
    # runs beside it are shown as ever
    write_page(other / "page.html", read_outcomes([outcome.folder, other]))
    assert "scores-table" in (other / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("damage", [other_weights, other_regions, broken_picture])
def test_a_damaged_file_of_a_fold_is_named(
    outcome: Outcome, damage: Callable[[Path], None]
) -> None:
    for fold in (outcome.folder / "folds/casme2").iterdir():
        damage(fold)
    with pytest.raises(InputError, match=r"cannot be (used|read)|was damaged") as refused:
        page_of(read_outcome(outcome.folder, "run"))
    assert "folds/casme2/sub0" in refused.value.where


def test_the_surest_wrong_clips_come_first_and_each_class_has_a_right_one() -> None:
    wrong = [f"synthetic/sub{n:02d}/EP01" for n in range(1, 5)] + ["synthetic/sub01/EP03"]
    chosen = attention.choose(predictions_of(TRUTHS, wrong=wrong))
    assert [row.clip for row in chosen[:4]] == sorted(wrong)[:4]
    assert [row.truth for row in chosen[4:]] == [0, 1, 2]
    assert all(row.truth == row.predicted for row in chosen[4:])
