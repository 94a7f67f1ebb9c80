"""The page for whoever hears it, types, prefers the dark, or needs contrast."""

import re
from importlib.resources import files
from itertools import pairwise

import pytest

from tests.train.markup import Page


def test_whoever_hears_or_types_finds_the_way(text: str) -> None:
    page = Page(text)
    assert page.all("html")[0].attributes["lang"] == "en"
    assert page.all("title")[0].text == "raicl report: first, second"
    assert len(page.all("main")) == len(page.all("h1")) == len(page.all("nav")) == 1
    levels = [int(e.tag[1]) for e in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        pointed = element.attributes.get("aria-labelledby")
        assert pointed is None or pointed in ids
    targets = [e.attributes["href"][1:] for e in page.all("a")]
    assert targets[0] == "main"
    assert set(targets) <= set(ids)
    for table in page.all("table"):
        assert table.children[0].tag == "caption"
        assert table.children[0].text.strip()
    for header in page.all("th"):
        assert header.attributes["scope"] in {"col", "row", "rowgroup"}
    for image in page.all("img"):
        assert len(image.attributes["alt"]) > 20
    for scrolled in [e for e in page.all("div") if "scroll" in e.attributes.get("class", "")]:
        assert scrolled.attributes["tabindex"] == "0"


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_the_guideline_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_stands_out_in_light_and_in_dark(scheme: int) -> None:
    style = files("raicl.common").joinpath("base.css").read_text()
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    for text in ("ink", "soft", "link", "right", "wrong"):
        assert contrast(colours[text], colours["paper"]) >= 4.5, text
    for text, ground in (("ink", "card"), ("ink", "own"), ("note-ink", "note")):
        assert contrast(colours[text], colours[ground]) >= 4.5, ground
    # the darkest cell of a confusion matrix: .32 of the heat over the paper
    heat = re.search(r"--heat: (\d+), (\d+), (\d+)", block)
    assert heat is not None
    paper = [int(colours["paper"][i : i + 2], 16) for i in (1, 3, 5)]
    mixed = [round(0.32 * int(h) + 0.68 * p) for h, p in zip(heat.groups(), paper, strict=True)]
    assert contrast(colours["ink"], "#{:02x}{:02x}{:02x}".format(*mixed)) >= 4.5


def test_motion_is_reduced_and_the_page_prints_light() -> None:
    style = files("raicl.common").joinpath("base.css").read_text()
    assert "prefers-reduced-motion: reduce" in style
    assert "@media screen and (prefers-color-scheme: dark)" in style
