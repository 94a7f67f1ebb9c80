"""The viewer in a real browser (make test-browser): keys, filters, pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from raicl.train.view.answer import Site, make_site
from raicl.train.view.library import Library
from raicl.train.view.run import RunSource
from tests.chromium import Tab, browse
from tests.train.browser import find_browser
from tests.train.view.conftest import TOKEN, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium or Chrome is installed"),
]
SHOWN = "[...document.querySelectorAll('.clips li:not([hidden])')].map(i => i.textContent)"
HERE = "document.querySelector('.clips [aria-current]').textContent"


def drawn(tab: Tab, clip: int, row: int) -> None:
    tab.until(f"document.body.dataset.drawn === '{clip}/{row}'")


@pytest.fixture
def tab(site: Site, tmp_path: Path) -> Iterator[Tab]:
    with serving(site) as server, browse(tmp_path) as tab:
        tab.open(server.url)
        drawn(tab, 0, 3)
        yield tab
        assert tab.console == []
        assert all(asked.startswith((server.url, "blob:")) for asked in tab.asked)


def test_arrow_keys_go_through_instances_and_clips(tab: Tab) -> None:
    first = tab.ask("document.querySelector('[data-layer=u] img').src")
    tab.press("ArrowRight")
    drawn(tab, 0, 4)
    assert tab.ask("document.querySelector('[data-layer=u] img').src") != first
    assert tab.ask("document.querySelector('output').textContent") == "frame 15, 5 of 6"
    tab.press("Home")
    drawn(tab, 0, 0)
    tab.press("ArrowLeft")  # there is none before the first
    tab.press("End")
    drawn(tab, 0, 5)
    tab.press("ArrowLeft")
    drawn(tab, 0, 4)
    tab.press("ArrowDown")
    drawn(tab, 1, 3)
    assert tab.ask(HERE) == "casme2/sub01/EP02"
    assert tab.ask("document.querySelector('h2').textContent") == "casme2/sub01/EP02"
    tab.press("ArrowUp")
    drawn(tab, 0, 3)


def test_clips_are_filtered_by_answer_subject_class_and_id(tab: Tab, of_run: Library) -> None:
    listed = of_run.listing()

    def expect(**wanted: object) -> list[object]:
        return [c["id"] for c in listed if all(c[name] == v for name, v in wanted.items())]

    for value, right in (("false", False), ("true", True)):
        tab.set("[name=right]", value)
        assert tab.ask(SHOWN) == expect(right=right)
    tab.set("[name=right]", "")
    tab.set("[name=subject]", "casme2/sub02")
    assert tab.ask(SHOWN) == expect(subject="casme2/sub02")
    tab.until(f"{HERE} === 'casme2/sub02/EP01'")  # the clip that was open is filtered out
    tab.set("[name=label]", "=positive")
    assert tab.ask(SHOWN) == expect(subject="casme2/sub02", classes=["=positive"])
    tab.set("[name=label]", "")
    tab.set("[name=search]", "ep03")
    assert tab.ask(SHOWN) == ["casme2/sub02/EP03"]
    assert tab.ask("document.querySelector('[role=status]').textContent") == "1 of 6 clips"


def test_every_layer_is_a_picture_and_the_answer_stands_beside_them(
    tab: Tab, of_run: Library
) -> None:
    assert tab.ask("[...document.images].every(i => i.naturalWidth === 33)")
    assert tab.ask("document.images.length") == 5 + 4
    judged = of_run.details(0)["judged"]
    assert isinstance(judged, dict)
    facts = tab.ask("document.querySelector('.facts').textContent")
    assert f"true {judged['truth']}, given {judged['predicted']}" in facts
    shares = tab.ask("[...document.querySelectorAll('.shares meter')].map(m => m.value)")
    assert shares == pytest.approx(list(judged["probabilities"].values()))


def test_a_reload_comes_back_to_the_same_instance(tab: Tab) -> None:
    tab.press("ArrowDown")
    drawn(tab, 1, 3)
    tab.press("ArrowLeft")
    drawn(tab, 1, 2)
    tab.ask("location.reload()")
    tab.until("document.readyState === 'complete'")
    drawn(tab, 1, 2)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_overflows_or_fails(site: Site, tmp_path: Path, width: int, dark: bool) -> None:
    with serving(site) as server, browse(tmp_path, width=width, dark=dark) as tab:
        tab.open(server.url)
        drawn(tab, 0, 3)
        tab.picture(tmp_path / "view.png", 1200)
        assert tab.overflow() == 0
        assert tab.console == []
        assert (tmp_path / "view.png").read_bytes().startswith(b"\x89PNG")


def test_a_damaged_clip_is_told_and_the_others_are_shown(copied: Path, tmp_path: Path) -> None:
    library = Library(RunSource(copied / "run", []))
    shard = copied / "flows.h5.shards" / library.source.clips[0].stored.record.shard
    shard.write_bytes(shard.read_bytes()[:1000])
    with serving(make_site(library, TOKEN)) as server, browse(tmp_path) as tab:
        tab.open(server.url)
        tab.until("!document.querySelector('[role=alert]').hidden")
        assert "damaged" in tab.ask("document.querySelector('[role=alert]').textContent")
        tab.ask("document.querySelectorAll('.clips button')[1].click()")
        drawn(tab, 1, 3)
        assert tab.ask("document.querySelector('[role=alert]').hidden")
