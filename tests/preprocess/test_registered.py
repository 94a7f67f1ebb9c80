"""A head that moves beyond the reach of the flow is brought near its onset first, and only then."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, shards_folder
from raicl.common.cache.shards import Shard, read_shard, write_shard
from raicl.common.clip import Clip
from raicl.common.quality import Quality
from raicl.data.records import Database, Footage, Frame
from raicl.preprocess.face.align import warp
from raicl.preprocess.face.head_motion import remove_head_motion
from raicl.preprocess.face.location import locate_face
from raicl.preprocess.fingerprint import BY_MOTION, REGISTERED, WAYS, identify
from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.frames import decode_grey
from raicl.preprocess.instances import make_instances, match_light
from raicl.preprocess.prepare import prepare
from raicl.preprocess.process import process_clip
from raicl.preprocess.settings import PrepSettings
from tests.preprocess import disturbed as d
from tests.preprocess.face.pictures import person
from tests.preprocess.test_samplings import Counting

NEAR, FAR = (1.0, 3.0), (6.0, 12.0, 15.0, 24.0)  # px of a crop of 225
REMOVE = PrepSettings(head_motion="remove", flow_profile="fast", sampling="all")


def write(folder: Path, ways: tuple[float, ...]) -> Footage:
    """A still face, seen again after the head moved by each of `ways`."""
    folder.mkdir(parents=True)
    onset = person(4, size=(640, 480))
    frames = [onset]
    eyes = d.eyes_of(frames)
    for number, px in enumerate(ways, 1):
        moved = d.shifted(onset.astype(np.float32), px * np.hypot(*(eyes[1] - eyes[0])) / d.EYES)
        frames.append(d.grey(moved + d.noise(onset.shape, number)))
    paths = [folder / f"img{number}.png" for number in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        cv2.imwrite(str(path), frame)
    clip = Clip(dataset="d", subject="s", name="c", emotion="x", onset=0, offset=len(frames) - 1)
    return Footage(clip, tuple(Frame(number, path) for number, path in enumerate(paths)))


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return write(tmp_path_factory.mktemp("moving") / "s" / "c", (*NEAR, *FAR))


@pytest.fixture(scope="module")
def shard(footage: Footage) -> Shard:
    return process_clip(identify(footage, REMOVE), REMOVE)


def left(instances: np.ndarray) -> np.ndarray:
    """Mean length of the flow of each instance, px."""
    return np.hypot(*instances[:, :2].astype(float).transpose(1, 0, 2, 3)).mean(axis=(1, 2))


def without_registration(footage: Footage) -> np.ndarray:
    """The instances by the flow alone."""
    identity, margin = identify(footage, REMOVE), REMOVE.margin
    onset = decode_grey(identity.onset)
    face = locate_face(onset, REMOVE)
    crops = [
        warp(image, face.transform, size=REMOVE.size, margin=margin)
        for image in (onset, *map(decode_grey, identity.frames))
    ]
    inner = slice(margin, margin + REMOVE.size)
    lit = [match_light(crop, crops[0], inner) for crop in crops[1:]]
    flow = compute_flow(crops[0].astype(np.float32), lit, REMOVE)
    return make_instances(remove_head_motion(flow, face.rigid, margin)[0], margin)


@pytest.mark.promise("input 39")
def test_nothing_is_left_of_a_head_that_moves_far(footage: Footage, shard: Shard) -> None:
    plain = left(without_registration(footage))
    assert (left(shard.instances) < 0.1).all()
    assert (plain[-3:] > 0.5).all()  # 12, 15 and 24 px by the flow alone
    assert shard.head_motion is not None
    moved = np.hypot(*shard.head_motion[:, :, 2].T)
    assert moved == pytest.approx((*NEAR, *FAR), abs=0.15)
    assert shard.quality is not None
    assert shard.quality.head_motion == pytest.approx(24, abs=0.15)
    assert shard.quality.unexplained == pytest.approx(0, abs=0.01)


def test_within_the_reach_the_result_and_its_name_are_those_of_the_flow_alone(
    footage: Footage, shard: Shard, tmp_path: Path
) -> None:
    near = write(tmp_path / "s" / "near", NEAR)
    identity = identify(near, REMOVE)
    made = process_clip(identity, REMOVE)
    np.testing.assert_array_equal(made.instances, without_registration(near))
    assert (made.base, made.fingerprint) == (identity.base, identity.fingerprint)
    np.testing.assert_array_equal(shard.instances[: len(NEAR)], made.instances)  # frame by frame
    far = identify(footage, REMOVE)
    assert (shard.base, shard.fingerprint) != (far.base, far.fingerprint)
    assert shard.fingerprint == far.computed(REGISTERED).fingerprint


def test_a_head_whose_motion_is_kept_is_not_brought_near(footage: Footage) -> None:
    keep = REMOVE.model_copy(update={"head_motion": "keep", "flow": "dis"})
    identity = identify(footage, keep)
    assert process_clip(identity, keep).fingerprint == identity.fingerprint


def test_each_way_has_a_name_of_its_own(footage: Footage) -> None:
    identity = identify(footage, REMOVE)
    assert identity.variants[-1] == identity
    assert {it.ways for it in identity.variants} == {(), (BY_MOTION,), (REGISTERED,), WAYS}
    assert len({it.shard for it in identity.variants}) == 4
    assert len({it.base[:24] for it in identity.variants}) == 4


def database(root: Path, footage: Footage) -> Database:
    return Database(name="d", root=root, layout="folder", sheet="", footage=(footage,), skipped=())


def test_what_an_older_raicl_computed_of_far_frames_is_computed_anew_and_the_rest_is_kept(
    tmp_path: Path,
) -> None:
    footage = write(tmp_path / "d" / "s" / "c", (*NEAR, *FAR[1:3]))
    source, out = database(tmp_path / "d", footage), tmp_path / "flows.h5"
    prepare(source, out, REMOVE)
    fresh, digest = read_shard(next(shards_folder(out).iterdir())), open_cache(out).digest
    assert [row.status for row in prepare(source, out, REMOVE)] == ["cached"]
    identity = identify(footage, REMOVE)
    quality = fresh.quality
    assert quality is not None
    old = dataclasses.replace(
        fresh,
        instances=without_registration(footage),
        base=identity.base,
        fingerprint=identity.fingerprint,
        quality=dataclasses.replace(Quality(), sharpness=quality.sharpness),
    )
    for path in shards_folder(out).iterdir():
        path.unlink()
    write_shard(shards_folder(out) / identity.shard, old)
    flow = Counting()
    rows = prepare(source, out, REMOVE, flow=flow)
    assert [row.status for row in rows] == ["computed"]
    assert flow.asked == [2]
    assert open_cache(out).digest == digest
    assert [row.status for row in prepare(source, out, REMOVE)] == ["cached"]
