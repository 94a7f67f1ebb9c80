"""The gallery in a real browser (make test-browser): it sorts, filters and fits every window."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache
from raicl.data.gallery.page import write_gallery
from tests.chromium import Tab, browse
from tests.data.gallery.conftest import HOSTILE, clips_of, write_measured
from tests.train.browser import find_browser, look

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium or Chrome is installed"),
]
SHOWN = "[...document.querySelectorAll('.tile:not([hidden])')].map(t => t.dataset.id)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    flows = write_measured(folder / "flows.h5", clips_of(HOSTILE))
    write_gallery(folder / "gallery.html", open_cache(flows))
    return folder / "gallery.html"


@pytest.fixture
def tab(page: Path, tmp_path: Path) -> Iterator[Tab]:
    with browse(tmp_path) as tab:
        tab.open(page.as_uri())
        yield tab


def shown(tab: Tab) -> list[str]:
    return [clip.replace(HOSTILE, "EP2").rsplit("/", 1)[1] for clip in tab.ask(SHOWN)]


def test_clips_are_sorted_by_each_number_with_unknown_ones_last(tab: Tab) -> None:
    assert shown(tab)[:2] == ["EP1", "EP2"]
    names = tab.ask("[...document.querySelector('[name=sort]').options].map(o => o.value)")
    for name in names[2:]:
        for reverse in (False, True):
            tab.set("[name=sort]", name)
            tab.set("[name=reverse]", reverse)
            values = tab.ask(
                "[...document.querySelectorAll('.tile')].map("
                f"t => t.querySelector('data.{name}')).map(d => d && Number(d.value))"
            )
            known = [abs(v) if name == "roll" else v for v in values if v is not None]
            assert values[len(known) :] == [None] * (len(values) - len(known))
            falls = (name in ("roll", "head_motion", "background_flow")) != reverse
            assert known == sorted(known, reverse=falls), name
    tab.set("[name=reverse]", False)
    tab.set("[name=sort]", "eye_distance")
    assert shown(tab)[0] == "EP2"
    tab.set("[name=sort]", "id")
    assert shown(tab)[:2] == ["EP0", "EP1"]
    tab.set("[name=sort]", "concern")
    assert shown(tab)[:2] == ["EP1", "EP2"]


def test_clips_are_filtered_by_subject_class_flag_and_id(tab: Tab) -> None:
    status = "document.querySelector('[role=status]').textContent"
    assert tab.ask(status) == "6 of 6 clips"
    tab.set("[name=subject]", "casme2/sub01")
    assert sorted(shown(tab)) == ["EP0", "EP1"]
    tab.set("[name=class]", "=disgust")
    assert shown(tab) == ["EP1"]
    tab.set("[name=subject]", "")
    tab.set("[name=class]", "cde=positive")
    assert shown(tab) == ["EP4"]  # EP0 has no apex
    tab.set("[name=class]", "")
    tab.set("[name=flag]", "any")
    assert shown(tab) == ["EP2"]
    tab.set("[name=flag]", "=face-small")
    assert shown(tab) == ["EP2"]
    tab.set("[name=flag]", "")
    tab.set("[name=search]", "ep4 ")
    assert shown(tab) == ["EP4"]
    assert tab.ask(status) == "1 of 6 clips"
    tab.set("[name=search]", "nowhere")
    assert shown(tab) == []


def test_rings_and_dots_can_be_taken_away(tab: Tab) -> None:
    ring = "getComputedStyle(document.querySelector('.face'), '::after').content"
    assert tab.ask(ring) == '""'
    tab.set("[name=marks]", False)
    assert tab.ask(ring) == "none"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_overflows_fails_or_is_fetched(
    page: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    with browse(tmp_path, width=width, dark=dark) as tab:
        tab.open(page.as_uri())
        tab.picture(tmp_path / "page.png")
        assert tab.overflow() == 0
        assert tab.ask("matchMedia('(prefers-color-scheme: dark)').matches") is dark
        assert tab.ask("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert tab.console == []
        assert tab.asked == [page.as_uri()]
        assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_the_policy_of_the_page_stops_what_a_name_could_plant(page: Path, tmp_path: Path) -> None:
    planted = "<img src='http://fetched.invalid/a.png'><script>console.error('ran')</script></main>"
    bad = tmp_path / "planted.html"
    bad.write_text(page.read_text(encoding="utf-8").replace("</main>", planted), encoding="utf-8")
    seen = look(bad, tmp_path / "browser", width=360)
    assert seen.hosts == []
    assert not any('"ran"' in line for line in seen.console)
    assert any("Content Security Policy" in line for line in seen.console)


def test_the_checks_of_a_tab_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!DOCTYPE html><div style='width: 2000px'>wide</div>"
        "<img src='http://fetched.invalid/a.png'><script>console.error('planted')</script>"
    )
    with browse(tmp_path, width=360) as tab:
        tab.open(bad.as_uri())
        assert tab.overflow() > 1000
        assert "http://fetched.invalid/a.png" in tab.asked
        assert any("planted" in line for line in tab.console)
