"""What the viewer tells and draws of a clip is what the cache, the run and its networks say."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from PIL import Image

from raicl.common.cache.flows import open_cache
from raicl.common.errors import InputError
from raicl.train.fold.inference import attend
from raicl.train.inputs.instances import load_instances
from raicl.train.report.networks import network_of
from raicl.train.run.outcome import read_outcome
from raicl.train.view.library import Library, NoSuchThing, draw, layers_of, reaches
from raicl.train.view.run import RunSource


def test_the_clips_of_a_cache_are_listed_in_its_order(of_cache: Library, trained: Path) -> None:
    records = open_cache(trained / "flows.h5").records
    listed = of_cache.listing()
    assert [clip["id"] for clip in listed] == [record.id for record in records]
    assert {clip["right"] for clip in listed} == {None}
    assert listed[0]["classes"][0] == "=disgust"  # type: ignore[index]
    assert "cde=negative" in listed[0]["classes"]  # type: ignore[operator]


def test_the_clips_of_a_run_are_those_it_tested_with_their_answers(
    of_run: Library, trained: Path
) -> None:
    outcome = read_outcome(trained / "run", "run")
    assert len(outcome.predictions) == 6  # of nine clips: one fold is not done
    for index, (listed, row) in enumerate(zip(of_run.listing(), outcome.predictions, strict=True)):
        assert listed["id"] == row.clip
        assert listed["right"] is (row.truth == row.predicted)
        assert listed["classes"] == [f"={outcome.classes[row.truth]}"]
        judged = of_run.details(index)["judged"]
        assert isinstance(judged, dict)
        assert judged["truth"] == outcome.classes[row.truth]
        assert judged["predicted"] == outcome.classes[row.predicted]
        assert list(judged["probabilities"].values()) == list(row.probabilities)
        assert judged["fold"] == row.subject


def test_the_course_of_a_clip_is_that_of_its_instances(of_cache: Library, trained: Path) -> None:
    cache = open_cache(trained / "flows.h5")
    for index, record in enumerate(cache.records):
        told = of_cache.details(index)
        u, v, strain = np.moveaxis(cache.read(record).instances.astype(np.float64), 1, 0)
        np.testing.assert_allclose(told["flow"], np.hypot(u, v).mean((1, 2)), rtol=1e-5)
        np.testing.assert_allclose(told["strain"], strain.mean((1, 2)), rtol=1e-4)
        assert told["frames"] == list(record.frames)
        assert told["middle"] == record.middle
        assert told["quality"] == {}


def test_the_maps_are_those_that_the_report_draws(of_run: Library, trained: Path) -> None:
    outcome = read_outcome(trained / "run", "run")
    for index, row in enumerate(outcome.predictions):
        opened = of_run._clip(index)
        assert opened.sight is not None
        assert opened.sight.assignment is not None
        record = opened.viewed.stored.record
        held = load_instances(
            [opened.viewed.stored],
            size=outcome.settings.size,
            device=torch.device("cpu"),
            where="device",
        )
        model = network_of(outcome, row.subject)
        seen = attend(model, held, outcome.folds[row.subject].scale, row)
        assert seen.assignment is not None
        middle = record.middle
        np.testing.assert_allclose(opened.sight.maps[middle], seen.class_map, atol=1e-5)
        np.testing.assert_allclose(opened.sight.assignment[middle], seen.assignment, atol=1e-5)
        assert len(opened.sight.maps) == len(record.frames) == 6


def test_every_layer_that_is_offered_is_drawn_and_no_other(
    of_run: Library, of_cache: Library
) -> None:
    assert list(layers_of(of_cache.source)) == ["onset", "u", "v", "strain"]
    assert list(layers_of(of_run.source))[4:] == [
        "class-map",
        *(f"region-{n}" for n in range(1, 5)),
    ]
    for library in (of_run, of_cache):
        for layer in layers_of(library.source):
            image = Image.open(io.BytesIO(library.picture(1, 2, layer)))
            assert image.size == (33, 33)
    for layer in ("class-map", "region-1"):
        with pytest.raises(NoSuchThing):
            of_cache.picture(1, 2, layer)
    for index, row, layer in ((99, 0, "u"), (-1, 0, "u"), (0, 6, "u"), (0, 0, "region-5")):
        with pytest.raises(NoSuchThing):
            of_run.picture(index, row, layer)


def test_flow_to_the_right_is_red_and_every_instance_has_the_same_colours(
    of_cache: Library,
) -> None:
    opened = of_cache._clip(1)
    reach = reaches(opened)["flow"]
    assert reach == np.abs(opened.instances[:, :2]).max()
    table = colormaps["RdBu_r"]
    for row in range(6):
        painted = draw(opened, row, "u")
        expected = table((opened.instances[row, 0] / reach + 1) / 2, bytes=True)[..., :3]
        assert np.abs(painted.astype(int) - expected).max() <= 4  # one step of the table
    right = np.unravel_index(opened.instances[2, 0].argmax(), (33, 33))
    red, _, blue = draw(opened, 2, "u")[right]
    assert red > blue


def test_a_damaged_shard_and_changed_weights_are_named(copied: Path) -> None:
    library = Library(RunSource(copied / "run", []))
    record = library.source.clips[0].stored.record
    weights = next((copied / "run/folds/casme2/sub01").glob("*.safetensors"))
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + b"x")
    with pytest.raises(InputError, match="cannot be used") as refused:
        library.details(0)
    assert "sub01" in refused.value.where
    weights.write_bytes(whole)
    assert library.details(0)["id"] == record.id  # an error is not kept
    shard = copied / "flows.h5.shards" / library.source.clips[1].stored.record.shard
    shard.write_bytes(shard.read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged"):
        library.details(1)
