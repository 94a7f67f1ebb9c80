"""The gallery holds every clip with the numbers of the cache, and nothing that it must fetch."""

import base64
import dataclasses
import hashlib
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raicl.common.cache.flows import open_cache, shards_folder, write_index
from raicl.common.cache.shards import read_shard, write_shard
from raicl.common.crop import EYES, eye_transform
from raicl.common.errors import ConflictError, InputError, SetupError, UsageError
from raicl.data.gallery.page import eye_places, write_gallery
from raicl.data.gallery.tiles import SIDE
from raicl.data.inspect import inspect
from raicl.data.protocols.protocol import PROTOCOLS, load_protocol
from raicl.preprocess.face.align import carry
from tests.common.conftest import write_flows
from tests.data.gallery.conftest import HOSTILE, QUALITIES, clips_of, write_measured
from tests.train.markup import Element, Page


@pytest.fixture(scope="module")
def text(measured: Path) -> str:
    out = measured.with_name("gallery.html")
    write_gallery(out, open_cache(measured))
    return out.read_text(encoding="utf-8")


def tiles_in(text: str) -> dict[str, Element]:
    tiles = [e for e in Page(text).all("li") if e.attributes.get("class") == "tile"]
    return {tile.attributes["data-id"]: tile for tile in tiles}


def numbers_in(tile: Element) -> dict[str, float]:
    shown = tile.find("data")
    return {e.attributes["class"]: float(e.attributes["value"]) for e in shown}


def picture(uri: str) -> np.ndarray:
    kind, content = uri.split(",", 1)
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def test_every_clip_is_there_with_the_numbers_of_the_cache(text: str, measured: Path) -> None:
    cache = open_cache(measured)
    tiles = tiles_in(text)
    assert tiles.keys() == {record.id for record in cache.records}
    for record in cache.records:
        found = numbers_in(tiles[record.id])
        u, v, strain = np.moveaxis(cache.read(record).instances.astype(np.float64), 1, 0)
        assert found.pop("flow") == pytest.approx(np.hypot(u, v).mean(), rel=1e-5)
        assert found.pop("strain") == pytest.approx(strain.mean(), rel=1e-4, abs=1e-6)
        assert found == (record.quality.to_json() if record.quality else {})
        clip = record.clip
        assert tiles[record.id].attributes["data-subject"] == clip.subject_key
        assert json.loads(tiles[record.id].attributes["data-flags"]) == list(clip.flags)
        assert f"{clip.emotion}: onset 4" in tiles[record.id].text


def test_numbers_are_shown_rounded_and_unknown_ones_as_such(text: str, measured: Path) -> None:
    tiles = tiles_in(text)
    for tile in tiles.values():
        for data in tile.find("data"):
            digits = len(data.text.partition(".")[2])
            assert float(data.text.replace("−", "-")) == pytest.approx(
                float(data.attributes["value"]), abs=0.5 * 10**-digits + 1e-12
            )
    unknown = tiles[open_cache(measured).records[QUALITIES.index(None)].id]
    assert [e.text for e in unknown.find("dd")][:7] == ["–"] * 7
    assert "1 clip has none of their faces" in " ".join(Page(text).all("header")[0].text.split())


def test_the_worst_clip_comes_first_and_its_furthest_number_is_marked(text: str) -> None:
    tiles = tiles_in(text)
    assert list(tiles)[:2] == ["casme2/sub01/EP1", "casme2/sub02/EP2"]  # upside down, small
    [marked] = [
        e for e in tiles["casme2/sub01/EP1"].find("div") if e.attributes.get("class") == "furthest"
    ]
    assert marked.find("dt")[0].text == "roll"


def test_the_classes_are_those_of_the_protocols(text: str) -> None:
    tiles = tiles_in(text)
    for clip in clips_of():
        labels = {name: load_protocol(name).class_name(clip) for name in PROTOCOLS}
        kept = [f"{name}={label}" for name, label in labels.items() if label is not None]
        found = json.loads(tiles[clip.id].attributes["data-classes"])
        assert found == [f"={clip.emotion}", *kept]
    options = {e.attributes["value"]: e.text for e in Page(text).all("option")}
    assert options["=happiness"] == "happiness (2)"
    assert options["cde=positive"] == "cde: positive (1)"  # the other has no apex
    assert options["=face-small"] == "face-small (1)"


def test_pictures_are_those_of_the_shard(text: str, measured: Path) -> None:
    cache = open_cache(measured)
    tiles = tiles_in(text)
    for record in cache.records:
        images = tiles[record.id].find("img")
        assert len(images) == 3
        face, flow, strain = (picture(e.attributes["src"]) for e in images)
        assert face.shape == flow.shape == strain.shape == (SIDE, SIDE, 3)
        onset = Image.fromarray(cache.read(record).onset_face)
        expected = np.asarray(onset.resize((SIDE, SIDE), Image.Resampling.LANCZOS), float)
        assert np.abs(face.mean(-1) - expected).mean() < 12  # of noise, which WebP likes least
        assert record.id in images[0].attributes["alt"]


def test_clips_that_are_not_in_the_cache_are_listed_with_their_reasons(text: str) -> None:
    page = Page(text)
    said = " ".join(page.all("main")[0].text.split())
    assert "casme2/sub09/EP03, failed: no face" in said
    assert "casme2/sub09/EP02, skipped: folder without a row" in said
    assert "shows every subject of casme2" in text
    assert "For research only" in page.all("header")[0].text


def test_the_page_fetches_nothing_and_allows_its_own_script_alone(text: str) -> None:
    page = Page(text)
    for element in page.elements:
        for name in ("src", "href"):
            target = element.attributes.get(name, "#")
            assert target.startswith(("data:", "#")), target
    [policy] = [e for e in page.all("meta") if "http-equiv" in e.attributes]
    [script] = page.all("script")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy.attributes["content"]
    assert "default-src 'none'" in policy.attributes["content"]
    assert not re.search(r"url\(|@import|https?:", text)


def test_names_of_others_stay_text(tmp_path: Path) -> None:
    path = write_measured(tmp_path / "flows.h5", clips_of(HOSTILE))
    write_gallery(tmp_path / "g.html", open_cache(path))
    text = (tmp_path / "g.html").read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.all("script")) == 1
    assert f"casme2/sub02/{HOSTILE}" in tiles_in(text)


def test_the_same_cache_gives_the_same_bytes(measured: Path, tmp_path: Path, text: str) -> None:
    write_gallery(tmp_path / "again.html", open_cache(measured))
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


def test_the_rings_are_where_alignment_puts_the_eyes() -> None:
    eyes, size = np.array([[310.0, 205.0], [402.0, 230.0]]), 225
    there = carry(eyes, eye_transform(eyes, size))  # px of the crop; 0 is a pixel's centre
    shown = np.array(eye_places(size)) / 100 * size - 0.5
    np.testing.assert_allclose(shown, there, atol=1e-9)
    assert np.allclose(there / (size - 1), EYES)


def test_the_dots_are_the_landmarks(tmp_path: Path) -> None:
    path = write_measured(tmp_path / "flows.h5", clips_of())
    cache = open_cache(path)
    shard_path = cache.shard_path(cache.records[0])
    points = np.array([[2.4, 7.0], [11.0, 3.6]], np.float32)
    write_shard(shard_path, dataclasses.replace(read_shard(shard_path), landmarks=points))
    write_gallery(tmp_path / "g.html", cache)
    text = (tmp_path / "g.html").read_text(encoding="utf-8")
    assert text.count("<path") == 1  # the others have none
    assert f'<svg viewBox="-0.5 -0.5 {cache.size} {cache.size}"' in text
    assert '<path d="M2 7h0M11 4h0"/>' in text


def test_no_eyes_are_marked_where_none_were_looked_for(tmp_path: Path) -> None:
    cache = open_cache(write_flows(tmp_path / "flows.h5", clips_of()))
    write_gallery(tmp_path / "g.html", cache)
    text = (tmp_path / "g.html").read_text(encoding="utf-8")
    assert "mark landmarks" not in text
    assert "rings" not in text
    assert 'class="tiles"' in text


def test_a_damaged_shard_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    path = write_flows(tmp_path / "flows.h5", clips_of())
    cache = open_cache(path)
    shard = shards_folder(path) / cache.records[3].shard
    shard.write_bytes(shard.read_bytes()[:2000])
    with pytest.raises(InputError, match="damaged"):
        write_gallery(tmp_path / "g.html", cache)
    assert not list(tmp_path.glob("*.html*"))
    assert not list(tmp_path.glob(".*"))


def test_what_is_no_page_is_not_replaced(measured: Path) -> None:
    with pytest.raises(ConflictError, match="not a page"):
        write_gallery(measured, open_cache(measured))


@pytest.mark.parametrize(("module", "said"), [("jinja2", "jinja2"), ("matplotlib", "matplotlib")])
def test_a_missing_extra_is_named(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, said: str
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SetupError, match=said) as refused:
        write_gallery(tmp_path / "g.html", open_cache(measured))
    assert refused.value.fix == "pip install 'raicl[demo]'"
    assert not list(tmp_path.iterdir())


def test_the_command_writes_it_and_takes_no_other_question_beside_it(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "g.html"
    inspect(measured, gallery=out)
    assert capsys.readouterr().out == f"{out}\n"
    assert out.read_bytes().startswith(b"<!DOCTYPE html>")
    for other in ({"clip": "x"}, {"out": out}, {"as_json": True}):
        with pytest.raises(UsageError, match="stands alone"):
            inspect(measured, gallery=out, **other)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        inspect(tmp_path / "none.h5", gallery=out)


def test_a_clip_that_does_not_move_is_shown(tmp_path: Path) -> None:
    cache = open_cache(write_flows(tmp_path / "flows.h5", clips_of()[:1]))
    [record] = cache.records
    shard = cache.read(record)
    still = dataclasses.replace(shard, instances=np.zeros_like(shard.instances))
    write_shard(cache.shard_path(record), still)
    record = dataclasses.replace(record, digest=still.digest)
    write_index(cache.path, [record], size=cache.size, settings=cache.settings)
    write_gallery(tmp_path / "g.html", open_cache(cache.path))
    [tile] = tiles_in((tmp_path / "g.html").read_text(encoding="utf-8")).values()
    assert numbers_in(tile) == {"flow": 0.0, "strain": 0.0}
