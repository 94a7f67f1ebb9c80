"""A clip's picture: whole, in the format its name asks for, or an error that says why not."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from raicl.common.cache.flows import Cache, StoredClip, open_cache, shards_folder, write_index
from raicl.common.cache.measure import Measure
from raicl.common.cache.pictures import draw_clip, draw_course, mean_flow
from raicl.common.cache.shards import write_shard
from raicl.common.drawing import new_figure
from raicl.common.errors import UsageError

image = pytest.importorskip("matplotlib.image")


@pytest.mark.parametrize("clip", ["casme2/sub00/EP0", "casme2/sub00/EP1"])  # without, with an apex
def test_a_picture_shows_the_face_and_both_directions_of_the_flow(
    flows: Path, tmp_path: Path, clip: str
) -> None:
    out = tmp_path / "clip.png"
    draw_clip(open_cache(flows), clip, out)
    red, green, blue = np.moveaxis(image.imread(out)[..., :3], -1, 0)
    assert (red > blue + 0.5).any()
    assert (blue > red + 0.5).any()
    face = (red == green) & (green == blue) & (red > 0.2) & (red < 0.8)
    assert face[:, : face.shape[1] // 6].mean() > 0.2


def test_the_format_is_that_of_the_name(flows: Path, tmp_path: Path) -> None:
    draw_clip(open_cache(flows), "casme2/sub00/EP0", tmp_path / "clip.SVG")
    assert "<svg" in (tmp_path / "clip.SVG").read_text()
    with pytest.raises(UsageError, match=r"cannot be written as \.txt"):
        draw_clip(open_cache(flows), "casme2/sub00/EP0", tmp_path / "clip.txt")
    assert sorted(path.name for path in tmp_path.glob("clip.*")) == ["clip.SVG"]


def test_an_unknown_clip_is_told_the_nearest(flows: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no clip 'casme2/sub00/EP9'") as caught:
        draw_clip(open_cache(flows), "casme2/sub00/EP9", tmp_path / "clip.png")
    assert caught.value.fix.count(" or ") == 2  # three at most
    assert "casme2/sub00/EP0" in caught.value.fix
    with pytest.raises(UsageError, match="no clip 'x'") as caught:
        draw_clip(open_cache(flows), "x", tmp_path / "clip.png")
    assert caught.value.fix == "did you mean casme2/sub00/EP0?"  # the first, as an example


def measured(flows: Path, measure: Measure, **settings: str) -> Cache:
    """The cache of instances whose numbers mean that."""
    cache = open_cache(flows)
    said = {**cache.settings, **measure.settings, **settings}
    write_index(flows, cache.records, size=cache.size, settings=said)
    return open_cache(flows)


@pytest.mark.parametrize(
    ("measure", "words", "others"),
    [
        (
            Measure(),
            ["u, px right, frame 6", "v, px down, frame 6", "mean |flow|, px"],
            ["mean |flow|"],
        ),
        (
            Measure(unit=False),
            ["u, right, frame 6", "v, down, frame 6", "mean |flow|"],
            ["mean |flow|, px"],
        ),
        (Measure(unit=False, zero=False), ["u, right, frame 6"], ["mean |flow|"]),
    ],
)
def test_the_words_of_a_picture_say_what_its_numbers_mean(
    flows: Path, tmp_path: Path, measure: Measure, words: list[str], others: list[str]
) -> None:
    cache = measured(flows, measure)
    draw_clip(cache, "casme2/sub00/EP1", tmp_path / "clip.svg")
    found = re.findall("<!-- (.*) -->", (tmp_path / "clip.svg").read_text())  # each text of it
    always = ["casme2/sub00/EP1", "onset 4, happiness", "strain ε, frame 6", "frame", "mean ε"]
    for text in (*always, "inference", "apex (not used)", *words):
        assert text in found
    for text in others:
        assert text not in found


def test_the_strongest_instance_is_shown_on_scales_with_their_numbers(
    flows: Path, tmp_path: Path
) -> None:
    cache = open_cache(flows)
    for record in cache.records:
        shard = cache.read(record)
        lengths = [np.hypot(*pair.astype(np.float64)).mean() for pair in shard.instances[:, :2]]
        np.testing.assert_allclose(mean_flow(shard), lengths, rtol=1e-3)
        draw_clip(cache, record.id, tmp_path / "clip.svg")
        found = re.findall("<!-- (.*) -->", (tmp_path / "clip.svg").read_text())
        assert f"strain ε, frame {shard.frames[np.argmax(lengths)]}" in found
        for number in ("−3", "0.0", "3"):  # of the bars beside u and v, and beside the strain
            assert number in found


# as of a flow that was made elsewhere
FRAMELESS = {"frame_digests": None, "onset_face": None, "transform": None}


def test_a_clip_at_rest_and_without_a_face_is_drawn(flows: Path, tmp_path: Path) -> None:
    cache = open_cache(flows)
    shard = cache.read(cache.records[0])
    still = dataclasses.replace(shard, instances=np.zeros_like(shard.instances), **FRAMELESS)
    folder = shards_folder(flows)
    (folder / cache.records[0].shard).unlink()
    write_shard(folder / cache.records[0].shard, still)
    clip = dataclasses.replace(cache.records[0].clip, numbered=False)
    record = dataclasses.replace(cache.records[0], digest=still.digest, clip=clip)
    write_index(flows, [record], size=cache.size, settings=cache.settings)
    draw_clip(open_cache(flows), record.id, tmp_path / "clip.svg")
    found = re.findall("<!-- (.*) -->", (tmp_path / "clip.svg").read_text())
    assert "no onset face, happiness" in found
    assert "u, px right, instance 5" in found
    assert {"−1.00", "1.00"} <= set(found)  # of scales that have a length


@pytest.mark.parametrize("sampling", ["middle", "apex-centred"])
def test_a_course_has_the_means_of_each_frame_from_0_on_and_marks_what_is_tested(
    flows: Path, sampling: str
) -> None:
    cache = measured(flows, Measure(), sampling=sampling)
    record = cache.records[1]
    shard = cache.read(record)
    figure = new_figure(4, 3)
    axis = figure.subplots()
    draw_course(axis, StoredClip(cache, record), shard)
    other = figure.axes[1]
    course, *marks = axis.lines
    assert course.get_xdata().tolist() == [5, 6, 7]
    np.testing.assert_allclose(course.get_ydata(), mean_flow(shard))
    strain = shard.instances[:, 2].astype(np.float64).mean((1, 2))
    np.testing.assert_allclose(other.lines[0].get_ydata(), strain, rtol=1e-3, atol=1e-6)
    assert axis.get_ylim()[0] == other.get_ylim()[0] == 0
    labels = {line.get_label(): line.get_xdata()[0] for line in marks}
    assert labels == {"inference": 6, f"apex{' (not used)' * (sampling == 'middle')}": 6}
