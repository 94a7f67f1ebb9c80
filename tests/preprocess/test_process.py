"""One clip: the transform depends on the onset alone, and instances say how the face moves."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from raicl.common.cache.shards import Shard
from raicl.common.clip import Clip
from raicl.common.crop import EYES
from raicl.common.errors import InputError
from raicl.common.instance import strain
from raicl.data.records import Footage, Frame
from raicl.preprocess.face.shape import eye_centres, turn
from raicl.preprocess.fingerprint import identify
from raicl.preprocess.process import process_clip
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make


def process(footage: Footage, settings: PrepSettings, older: tuple[Shard, ...] = ()) -> Shard:
    return process_clip(identify(footage, settings), settings, older)


def test_a_texture_moving_right_has_growing_positive_u(
    make_database: Make, quick: PrepSettings
) -> None:
    shard = process(make_database(1).footage[0], quick)
    assert shard.instances.shape == (4, 3, 48, 48)
    assert shard.frames.tolist() == [97, 98, 99, 100]
    u = shard.instances[:, 0].astype(float).mean(axis=(1, 2))
    assert (np.diff(u) > 0).all()
    scale = shard.transform[0, 0]
    assert u == pytest.approx(scale * 0.1 * np.arange(1, 5), abs=0.05)
    assert np.abs(shard.instances[:, 1].astype(float)).mean() < 0.02


def test_the_third_channel_is_the_strain_of_the_first_two(
    make_database: Make, quick: PrepSettings
) -> None:
    instances = process(make_database(1).footage[0], quick).instances.astype(np.float32)
    assert np.abs(strain(instances[:, :2]) - instances[:, 2]).max() < 2e-3  # float16's rounding


@pytest.mark.promise("input 40")
def test_identical_frames_give_zero_instances_and_no_division_by_zero(
    make_database: Make, quick: PrepSettings
) -> None:
    footage = make_database(1).footage[0]
    for frame in footage.frames[1:]:
        frame.path.write_bytes(footage.frames[0].path.read_bytes())
    assert np.abs(process(footage, quick).instances).max() < 1e-6


def test_a_frame_of_another_size_is_refused_by_name(
    make_database: Make, quick: PrepSettings
) -> None:
    footage = make_database(1).footage[0]
    cv2.imwrite(str(footage.frames[2].path), np.zeros((10, 10), np.uint8))
    with pytest.raises(InputError, match=r"10x10 px.*img98"):
        process(footage, quick)


def test_instances_of_an_older_shard_are_reused_and_equal_fresh_ones(
    make_database: Make, quick: PrepSettings
) -> None:
    footage = make_database(1).footage[0]
    fewer, more = quick.model_copy(update={"n_frames": 2}), quick
    older = process(footage, fewer)
    marked = dataclasses.replace(older, instances=older.instances + np.float16(1))
    reused = process(footage, more, (marked,)).instances
    fresh = process(footage, more).instances
    shared = np.isin([97, 98, 99, 100], older.frames)
    assert shared.sum() == 2
    np.testing.assert_array_equal(reused[~shared], fresh[~shared])
    np.testing.assert_array_equal(reused[shared], marked.instances)  # taken, not computed
    np.testing.assert_array_equal(process(footage, more, (older,)).instances, fresh)


def test_a_short_clip_gives_each_of_its_frames_once(
    make_database: Make, quick: PrepSettings
) -> None:
    shard = process(make_database(1, frames=3).footage[0], quick)
    assert shard.frames.tolist() == [97, 98]


@pytest.fixture(scope="module")
def face_clip(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """The astronaut's face, still, then with noise instead of a face in the last frame."""
    folder = tmp_path_factory.mktemp("face")
    grey = cv2.cvtColor(astronaut()[:260, 80:400], cv2.COLOR_RGB2GRAY)
    noise = np.random.default_rng(0).integers(0, 256, grey.shape, dtype=np.uint8)
    frames = []
    for number, image in enumerate((grey, grey, noise)):
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), image)
        frames.append(Frame(number, path))
    clip = Clip(dataset="folder", subject="a", name="b", emotion="x", onset=0, offset=2)
    return Footage(clip, tuple(frames))


def test_one_transform_per_clip_whatever_the_later_frames_show(
    face_clip: Footage, quick: PrepSettings
) -> None:
    settings = quick.model_copy(update={"align": "dlib", "size": 64})
    shard = process(face_clip, settings)
    still = Footage(face_clip.clip, (*face_clip.frames[:2], face_clip.frames[1]))
    np.testing.assert_array_equal(shard.transform, process(still, settings).transform)
    assert np.abs(shard.instances[0]).max() < 1e-6  # the still frame
    assert shard.flags == ()
    assert shard.onset_face.std() > 20


def test_landmarks_are_kept_in_px_of_the_crop(face_clip: Footage, quick: PrepSettings) -> None:
    shard = process(face_clip, quick.model_copy(update={"align": "dlib", "size": 64}))
    assert shard.landmarks is not None
    assert shard.landmarks.shape == (68, 2)
    np.testing.assert_allclose(eye_centres(shard.landmarks), 63 * np.array(EYES), atol=1e-4)
    assert shard.quality is not None
    assert shard.quality.turn == pytest.approx(turn(shard.landmarks), abs=1e-3)
    assert process(face_clip, quick).landmarks is None  # not looked for


@pytest.mark.promise("input 36")
def test_a_clip_without_a_face_fails_with_a_reason(
    make_database: Make, quick: PrepSettings
) -> None:
    footage = make_database(1).footage[0]
    with pytest.raises(InputError, match="no face"):
        process(footage, quick.model_copy(update={"align": "dlib"}))


def test_the_fingerprint_follows_content_and_settings_and_not_the_place(
    make_database: Make, quick: PrepSettings
) -> None:
    here, there = make_database(2), make_database(2, name="moved")
    first, second = here.footage
    assert identify(first, quick).shard == identify(there.footage[0], quick).shard
    assert identify(first, quick).fingerprint != identify(second, quick).fingerprint
    changed = [
        quick.model_copy(update=update)
        for update in ({"size": 49}, {"flow_attachment": 0.3}, {"margin": 4}, {"flow_warps": 3})
    ]
    names = {identify(first, settings).shard for settings in (quick, *changed)}
    assert len(names) == 5
    fewer = quick.model_copy(update={"n_frames": 2})
    assert identify(first, fewer).base == identify(first, quick).base
    assert identify(first, fewer).shard != identify(first, quick).shard


def test_the_path_of_a_frame_is_in_its_error(make_database: Make, quick: PrepSettings) -> None:
    footage = make_database(1).footage[0]
    Path(footage.frames[3].path).write_bytes(b"")
    with pytest.raises(InputError, match=r"zero bytes.*img99"):
        identify(footage, quick)
