"""Pictures of flow show the motion, stretched as the published ones are, and can be read."""

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.common.crop import EYES
from raicl.common.errors import ConflictError, InputError, UsageError
from raicl.common.instance import strain
from raicl.data.cli import synth
from raicl.data.readers.flow_files import CLASSES, read_flow_files
from raicl.data.synthetic.difficulty import DIFFICULTIES
from raicl.data.synthetic.face import draw_face
from raicl.data.synthetic.flow_pictures import (
    TABLE,
    _true_flow,
    as_levels,
    shrink,
    to_crop,
)
from raicl.data.synthetic.landmarks import landmarks
from raicl.data.synthetic.plan import plan_scenes
from tests.train.caches import write_cache


def test_the_crop_puts_the_eyes_where_stage_1_does() -> None:
    face = draw_face(np.random.default_rng(3), (640, 480))
    points = landmarks(face)
    transform = to_crop(face)
    for first, (x, y) in zip((36, 42), EYES, strict=True):
        seen = transform @ [*points[first : first + 6].mean(0), 1]
        np.testing.assert_allclose(seen, [224 * x, 224 * y], atol=1e-9)


def test_true_flow_is_that_of_the_class_in_px_of_the_crop() -> None:
    easy = DIFFICULTIES["default"]
    scenes = [s for s in plan_scenes(2, 6, 0, difficulty=easy) if s.emotion == "happiness"]
    for scene in scenes:
        u, v, e = _true_flow(scene, 0, easy)
        assert 0.1 < np.hypot(u, v).max() < 3  # the peaks are 0.2 to 1.5 px, plus drift and others
        np.testing.assert_allclose(e, strain(np.stack([u, v])), rtol=1e-5)
        # the corners of the mouth go up: the strongest motion beside the drift is below the nose
        moving = np.hypot(u - np.median(u), v - np.median(v))
        assert np.unravel_index(moving.argmax(), moving.shape)[0] > 225 * 0.5


def test_every_channel_is_stretched_by_itself() -> None:
    rng = np.random.default_rng(0)
    instance = (rng.normal(size=(3, 28, 28)) * [[[5]], [[0.1]], [[1]]]).astype(np.float32)
    levels = as_levels(instance)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(levels.min((1, 2)), 0)
    np.testing.assert_array_equal(levels.max((1, 2)), 255)
    np.testing.assert_array_equal(as_levels(instance * 7 - 3), levels)  # scale and zero are lost
    assert not as_levels(np.ones((3, 4, 4), np.float32)).any()
    np.testing.assert_allclose(shrink(instance, 14).mean(), instance.mean(), atol=1e-5)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / TABLE).open() as stream:
        return list(csv.DictReader(stream))


def test_the_command_writes_what_the_reader_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pictures"
    synth(folder, layout="flow-png", subjects=2, clips=4, test_clips=3, jobs=1)
    assert "raicl-prep import --root" in capsys.readouterr().out
    found = rows(folder)
    files = read_flow_files(folder, folder / TABLE, database=None, classes=CLASSES)
    assert len(found) == len(files) == sum(path.suffix == ".png" for path in folder.iterdir())
    assert {clip.dataset for clip in files} == {"synthetic"}
    assert {clip.split for clip in files} == {"train", "test"}
    assert {clip.label for clip in files} == set(CLASSES)
    for clip in files:
        picture = cv2.imread(str(clip.path), cv2.IMREAD_UNCHANGED)
        assert (picture.shape, picture.dtype) == ((28, 28, 3), np.uint8)
        assert picture.min() == 0
        assert picture.max() == 255
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    synth(tmp_path / "again", layout="flow-png", subjects=2, clips=4, test_clips=3, jobs=1)
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == before
    with pytest.raises(ConflictError, match="not empty"):
        synth(folder, layout="flow-png", jobs=1)


def test_the_flow_of_a_cache_is_drawn_at_the_apex(tmp_path: Path) -> None:
    path = write_cache(tmp_path / "a.h5", size=28)
    folder = tmp_path / "pictures"
    synth(folder, layout="flow-png", flows=path, jobs=1)
    cache = open_cache(path)
    assert len(rows(folder)) == len(cache.records)
    for record, row in zip(cache.records, rows(folder), strict=True):
        at = record.frames.index(record.clip.apex)
        instance = cache.read(record).instances[at].astype(np.float32)
        picture = cv2.imread(str(folder / row["image"]))[..., ::-1].transpose(2, 0, 1)
        np.testing.assert_array_equal(picture, as_levels(instance))
        assert row["database"] == "casme2"


def test_what_is_left_out_and_what_has_no_apex_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = open_cache(write_cache(tmp_path / "a.h5", size=28))
    clips = [record.clip for record in cache.records]
    smic = {"dataset": "smic", "subject": "s01", "emotion": "negative", "sheet": "hs"}  # no apexes
    changed = [
        replace(clips[0], emotion="others"),
        replace(clips[1], apex=None, **smic),
        *clips[2:],
    ]
    records = [replace(r, clip=c) for r, c in zip(cache.records, changed, strict=True)]
    write_index(cache.path, records, size=cache.size, settings=cache.settings)
    synth(tmp_path / "pictures", layout="flow-png", flows=cache.path, jobs=1)
    left = len(clips) - 1
    said = capsys.readouterr().out
    assert f": {left} pictures of flow (1 clip without a class of the composite left out; " in said
    assert "; 1 at the middle, for want of an apex), next: " in said
    assert "--frame apex" not in said  # not true of all


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"margin": 3}, UsageError),
        ({"video_fps": 30.0}, UsageError),
        ({"flows": Path("none.h5"), "subjects": 3}, UsageError),
        ({"flows": Path("none.h5")}, InputError),
        ({"difficulty": "similar-missing"}, UsageError),
    ],
)
def test_wrong_options_write_nothing(
    tmp_path: Path, options: dict[str, object], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        synth(tmp_path / "x", layout="flow-png", jobs=1, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "x").exists()
    with pytest.raises(UsageError, match="--flows is for another"):
        synth(tmp_path / "x", flows=Path("none.h5"))
