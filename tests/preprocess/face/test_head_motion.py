"""The head's motion is taken out of the flow, and nothing of the face's own goes with it."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from raicl.common.cache.shards import read_shard, write_shard
from raicl.common.clip import Clip
from raicl.common.errors import InputError, UsageError
from raicl.common.instance import strain
from raicl.common.settings import merge
from raicl.data.records import Footage, Frame
from raicl.preprocess.face.head_motion import fit_similarity, remove_head_motion
from raicl.preprocess.face.landmarks import find_landmarks
from raicl.preprocess.face.models import model_file
from raicl.preprocess.face.shape import rigid_landmarks
from raicl.preprocess.fingerprint import identify, making
from raicl.preprocess.process import process_clip
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make

SIZE, MARGIN = 97, 8
# as a 68-point model finds them on a crop: nose bridge, then the corners of both eyes
POINTS = SIZE * np.array(
    [
        *[(0.5, 0.36), (0.5, 0.42), (0.5, 0.48), (0.51, 0.54)],
        *[(0.24, 0.36), (0.4, 0.37), (0.6, 0.37), (0.76, 0.36)],
    ]
)
SIDE = SIZE + 2 * MARGIN
GRID = np.mgrid[:SIDE, :SIDE][::-1] - float(MARGIN)


def similarity(degrees: float, scale: float, right: float, down: float) -> np.ndarray:
    turn = scale * np.exp(1j * np.deg2rad(degrees))
    return np.array([[turn.real, -turn.imag, right], [turn.imag, turn.real, down]])


def carried(matrix: np.ndarray, face: np.ndarray) -> np.ndarray:
    """The flow of a face that moves by `face` (2, H, W) on a head that moves by `matrix`."""
    moved = np.einsum("ij,jyx->iyx", matrix[:, :2], GRID + face) + matrix[:, 2, None, None]
    return (moved - GRID).astype(np.float32)


def bump(x: float, y: float, sigma: float, right: float, down: float) -> np.ndarray:
    profile = np.exp(-((GRID[0] - x * SIZE) ** 2 + (GRID[1] - y * SIZE) ** 2) / (2 * sigma**2))
    return profile * np.reshape([right, down], (2, 1, 1))


HEADS = [
    similarity(0, 1, 0.6, -0.4),
    similarity(0.7, 1, 0.5, 1.5),
    similarity(-0.5, 1.01, -0.8, 0.2),
]


@pytest.mark.parametrize("head", HEADS)
def test_a_pure_similarity_leaves_nothing(head: np.ndarray) -> None:
    flow, found = remove_head_motion(carried(head, np.zeros_like(GRID))[None], POINTS, MARGIN)
    assert np.abs(flow).max() < 1e-3
    np.testing.assert_allclose(found[0], head, atol=1e-3)


@pytest.mark.parametrize("head", HEADS)
def test_the_mouth_and_the_brows_keep_their_motion_and_strain(head: np.ndarray) -> None:
    face = bump(0.35, 0.78, 6, -0.8, -0.6) + bump(0.3, 0.16, 5, 0, -1)
    [flow], _ = remove_head_motion(carried(head, face)[None], POINTS, MARGIN)
    assert np.abs(flow - face).max() < 0.01
    assert np.abs(strain(flow) - strain(face.astype(np.float32))).max() < 2e-3


def test_translation_and_rotation_have_no_strain_to_remove() -> None:
    flow = carried(HEADS[1], bump(0.5, 0.7, 9, 0.5, 0.3))
    [kept], _ = remove_head_motion(flow[None], POINTS, MARGIN)
    assert np.abs(strain(kept) - strain(flow)).max() < 2e-3
    stretched = carried(similarity(0, 1.01, 0, 0), np.zeros_like(GRID))
    assert strain(stretched).min() > 0.013  # a head that comes nearer does have some


def test_eyelids_that_move_beside_three_of_the_eight_landmarks_change_nothing() -> None:
    blink = bump(0.24, 0.36, 3, 0, 1.5) + bump(0.4, 0.37, 3, 0.5, 1.2) + bump(0.76, 0.36, 3, 0, 1.5)
    [flow], _ = remove_head_motion(carried(HEADS[1], blink)[None], POINTS, MARGIN)
    assert np.abs(flow - blink).max() < 0.05
    plain = np.linalg.lstsq(  # what a fit to all landmarks would make of it
        np.column_stack([POINTS, np.ones(8)]), POINTS + blink_at_landmarks(blink), rcond=None
    )[0]
    corner = np.array([0, SIZE, 1])
    assert np.abs(corner @ plain - corner[:2]).max() > 0.3


def blink_at_landmarks(blink: np.ndarray) -> np.ndarray:
    columns, rows = np.rint(POINTS + MARGIN).astype(int).T
    return blink[:, rows, columns].T


def test_a_few_landmarks_that_disagree_are_not_taken_for_a_turn() -> None:
    rng = np.random.default_rng(0)
    corner = np.array([SIZE, SIZE, 1])
    for _ in range(20):
        moved = POINTS + np.array([0.1, -0.2]) + rng.normal(0, 0.05, POINTS.shape)
        found = fit_similarity(POINTS, moved)
        assert np.abs(found @ corner - corner[:2] - (0.1, -0.2)).max() < 0.1


def test_of_five_points_two_may_lie() -> None:
    points = SIZE * np.array([(0.24, 0.36), (0.4, 0.36), (0.76, 0.36), (0.6, 0.36), (0.5, 0.6)])
    head = HEADS[2]
    moved = points @ head[:, :2].T + head[:, 2]
    moved[[1, 4]] += [(0, 2), (-1.5, 0.5)]
    np.testing.assert_allclose(fit_similarity(points, moved), head, atol=1e-9)


def test_both_models_have_rigid_landmarks_around_the_nose() -> None:
    grey = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)
    for model, count in (("dlib68", 8), ("dlib5", 5)):
        rigid = rigid_landmarks(find_landmarks(grey, model_file(model))[0])
        assert rigid.shape == (count, 2)
        assert (rigid > (180, 90)).all()
        assert (rigid < (265, 150)).all()
    with pytest.raises(InputError, match="7 points"):
        rigid_landmarks(np.zeros((7, 2), np.float32))


def test_without_landmarks_it_is_refused() -> None:
    with pytest.raises(UsageError, match=r"head_motion.*align"):
        merge(PrepSettings, ("the command line", {"head_motion": "remove", "align": "none"}))


def test_it_is_part_of_what_names_a_shard(make_database: Make) -> None:
    footage = make_database(1).footage[0]
    kept, removed = PrepSettings(), PrepSettings(head_motion="remove")
    assert making(removed)["head_motion"] == "remove"
    assert identify(footage, kept).base != identify(footage, removed).base


@pytest.fixture(scope="module")
def nodding(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """The astronaut's face, still but for the head, which moves down and turns."""
    folder = tmp_path_factory.mktemp("nod")
    grey = cv2.cvtColor(astronaut()[:260, 80:400], cv2.COLOR_RGB2GRAY)
    frames = []
    for number in range(3):
        matrix = cv2.getRotationMatrix2D((143.0, 127.0), -0.6 * number, 1.0)
        matrix[:, 2] += (0.2 * number, 0.5 * number)
        path = folder / f"{number}.png"
        picture = cv2.warpAffine(
            grey, matrix, grey.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        cv2.imwrite(str(path), picture)
        frames.append(Frame(number, path))
    clip = Clip(dataset="folder", subject="a", name="b", emotion="x", onset=0, offset=2)
    return Footage(clip, tuple(frames))


def test_a_nod_is_removed_from_a_clip_and_kept_beside_it(nodding: Footage, tmp_path: Path) -> None:
    keep = PrepSettings(size=97, n_frames=2)
    remove = keep.model_copy(update={"head_motion": "remove"})
    kept = process_clip(identify(nodding, keep), keep)
    identity = identify(nodding, remove)
    removed = process_clip(identity, remove)
    size = np.hypot(*kept.instances[:, :2].astype(float).transpose(1, 0, 2, 3)).mean(axis=(1, 2))
    left = np.hypot(*removed.instances[:, :2].astype(float).transpose(1, 0, 2, 3)).mean(axis=(1, 2))
    assert (left < 0.2 * size).all()
    assert kept.head_motion is None
    assert removed.head_motion is not None
    turns = np.rad2deg(np.arctan2(removed.head_motion[:, 1, 0], removed.head_motion[:, 0, 0]))
    assert turns == pytest.approx([0.6, 1.2], abs=0.15)

    write_shard(tmp_path / "one.h5", removed)
    again = read_shard(tmp_path / "one.h5")
    np.testing.assert_array_equal(again.head_motion, removed.head_motion)
    assert again.digest == removed.digest
    assert dataclasses.replace(removed, head_motion=removed.head_motion + 1).digest != again.digest
    reused = process_clip(identity, remove, (again,))
    np.testing.assert_array_equal(reused.head_motion, removed.head_motion)
    np.testing.assert_array_equal(reused.instances, removed.instances)
    fewer = identify(nodding, PrepSettings(size=97, n_frames=1, head_motion="remove"))
    regrouped = process_clip(fewer, remove.model_copy(update={"n_frames": 1}), (again,))
    row = removed.frames.tolist().index(int(regrouped.frames[0]))
    np.testing.assert_array_equal(regrouped.head_motion, removed.head_motion[[row]])
