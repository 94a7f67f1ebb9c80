"""The page in a real browser (make test-browser); the pictures it leaves are for human eyes."""

from pathlib import Path

import pytest

from raicl.train.ablation.grid import Claim
from raicl.train.ablation.table import tabulate, write_table
from raicl.train.report.page import write_page
from raicl.train.run.outcome import read_outcomes
from tests.train.browser import find_browser, look
from tests.train.runs import TRUTHS, predictions_of, write_run
from tests.train.studies import MANY, SOME, study_of, wrong

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium or Chrome is installed"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    rows = predictions_of(TRUTHS, wrong=["synthetic/sub02/EP02", "synthetic/sub04/EP01"])
    long = "a-run-whose-name-is-longer-than-a-telephone-is-wide-and-has-no-place-to-break_" * 2
    runs = [write_run(folder / "first"), write_run(folder / long, rows, seed=1)]
    rows = {"M1": [wrong(*MANY)], "M6": [wrong(*SOME), wrong(*MANY[:3])]}
    study = study_of(folder / "study", rows, Claim(lower="M1", higher="M6"), presets=True)
    write_table(study.folder, tabulate(study, {}))
    write_page(folder / "report.html", read_outcomes(runs), ablation=study.folder)
    return folder / "report.html"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_overflows_fails_or_is_fetched(
    page: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    picture = tmp_path / f"{width}-{'dark' if dark else 'light'}.png"
    seen = look(page, tmp_path / "browser", width=width, dark=dark, picture=picture)
    assert seen.values["client"] == width
    assert seen.values["scroll"] == width
    assert seen.values["dark"] is dark
    assert seen.values["images"] > 0
    assert seen.values["broken"] == 0
    assert (seen.console, seen.hosts) == ([], [])
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_checks_can_fail(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!DOCTYPE html><div style='width: 999px'>wide</div>"
        "<img src='http://fetched.invalid/a.png'><script>console.error('planted')</script>"
    )
    seen = look(page, tmp_path / "browser", width=360)
    assert seen.values["scroll"] == 999 + 8  # the margin of the body
    assert seen.values["broken"] == 1
    assert seen.hosts == ["fetched.invalid"]
    assert any("planted" in line for line in seen.console)


def test_the_policy_of_the_page_stops_what_a_name_could_plant(page: Path, tmp_path: Path) -> None:
    planted = "<img src='http://fetched.invalid/a.png'><script>console.error('ran')</script></main>"
    bad = tmp_path / "planted.html"
    bad.write_text(page.read_text(encoding="utf-8").replace("</main>", planted), encoding="utf-8")
    seen = look(bad, tmp_path / "browser", width=360)
    assert seen.hosts == []
    assert not any('"ran"' in line for line in seen.console)
    assert any("Content Security Policy" in line for line in seen.console)
