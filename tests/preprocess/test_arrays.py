"""Frames in memory become what raicl-prep stores of the same frames in files."""

import doctest
from pathlib import Path

import cv2
import numpy as np
import pytest

import raicl.preprocess
from raicl.common.cache.flows import open_cache
from raicl.common.errors import InputError, UsageError
from raicl.preprocess import process_frames
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make


def test_the_instances_are_those_that_the_cache_holds(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = make_database(1)
    prepare(database, tmp_path / "flows.h5", quick)
    cache = open_cache(tmp_path / "flows.h5")
    [record] = cache.records
    stored = cache.read(record)
    files = [frame.path for frame in database.footage[0].frames]
    grey = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in files]
    colour = [cv2.imread(str(path), cv2.IMREAD_COLOR) for path in files]
    before = [grey[0]] * 2  # frames outside of the clip do not matter
    for frames, onset, offset in ((grey, 0, None), (colour, 0, 7), (before + grey, 2, None)):
        made = process_frames(frames, onset=onset, offset=offset, settings=quick)
        assert made.instances.tobytes() == stored.instances.tobytes()
        assert made.shard.onset_face.tobytes() == stored.onset_face.tobytes()
        assert np.array_equal(made.shard.transform, stored.transform)
        assert made.shard.quality == stored.quality
        assert (made.middle, made.flags) == (record.middle, record.clip.flags)
        assert [n - onset for n in made.record.frames] == [n - 96 for n in record.frames]


@pytest.mark.promise("input 51")
def test_frames_that_are_none_are_refused(quick: PrepSettings) -> None:
    frames = [np.zeros((64, 64), np.uint8)] * 4
    for onset, offset in ((3, None), (2, 2), (-1, 3), (0, 4)):
        with pytest.raises(UsageError, match=r"of 4 frames"):
            process_frames(frames, onset=onset, offset=offset, settings=quick)
    with pytest.raises(UsageError, match="of 0 frames"):
        process_frames([], settings=quick)
    moved = quick.model_copy(update={"onset_error": 1})
    with pytest.raises(UsageError, match="without an annotation"):
        process_frames(frames, settings=moved)
    nan = np.full((64, 64), np.nan, "f4")
    for bad in (
        nan,
        np.zeros((64, 64), "f4"),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((0, 9), "u1"),
    ):
        with pytest.raises(InputError, match=r"a frame of shape") as caught:
            process_frames([frames[0], bad, bad], settings=quick)
        assert "BGR" in caught.value.fix
    with pytest.raises(InputError, match="32x32 px in a clip of 64x64"):
        process_frames([frames[0], *[np.zeros((32, 32), np.uint8)] * 2], settings=quick)
    with pytest.raises(InputError, match="no face"):
        process_frames(frames)


def test_the_example_of_its_docstring_runs_and_shows_itself(quick: PrepSettings) -> None:
    [found] = doctest.DocTestFinder().find(
        raicl.preprocess.process_frames, "process_frames", globs={}, module=raicl.preprocess
    )
    assert len(found.examples) > 5
    assert doctest.DocTestRunner(verbose=False).run(found).failed == 0
    noise = np.random.default_rng(0).integers(0, 256, (64, 80), dtype=np.uint8)
    shown = repr(process_frames([noise, noise, noise], settings=quick))
    assert shown.startswith("PreparedClip(ClipRecord(memory/somebody/frames: unknown, 2 instances")
    assert "48 px, flags short-clip" in shown
