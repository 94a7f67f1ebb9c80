"""The landmarks of a synthetic face are where dlib finds them."""

from pathlib import Path

import numpy as np
import pytest

from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.face import draw_face, pose, render_face
from raicl.data.synthetic.landmarks import MIRRORED, PHOTO_LANDMARKS, landmarks
from raicl.data.synthetic.truth import read_landmarks
from raicl.preprocess.face.landmarks import find_landmarks
from raicl.preprocess.face.models import model_file

SIZE = (640, 480)


@pytest.mark.parametrize("mirrored", [False, True])
def test_they_are_where_dlib_finds_them(mirrored: bool) -> None:
    faces = []
    for seed in range(40):
        rng = np.random.default_rng([5, seed])
        face = pose(draw_face(rng, SIZE), rng)
        if face.mirrored == mirrored:
            faces.append(face)
    for face in faces[:3]:
        grey = render_face(face, SIZE).mean(axis=2).astype(np.uint8)
        found, _ = find_landmarks(grey, model_file("dlib68"))
        distance = np.linalg.norm(landmarks(face) - found, axis=1)
        assert np.median(distance) < 0.02 * face.box_side  # dlib itself is no surer than that
        assert distance.max() < 0.12 * face.box_side


def test_the_mirror_order_is_its_own_inverse_and_crosses_the_face() -> None:
    order = np.array(MIRRORED)
    assert sorted(order) == list(range(68))
    assert np.array_equal(order[order], np.arange(68))
    across = np.array(PHOTO_LANDMARKS)[:, 0] - 224.0  # the photograph's face is about symmetric
    assert np.abs(across + across[order]).max() < 12


def test_a_database_keeps_them_with_the_truth(tmp_path: Path) -> None:
    make_database(tmp_path, subjects=1, clips=1, jobs=1)
    [path] = (tmp_path / "truth").rglob("*.npz")
    points = read_landmarks(path)
    assert points.shape == (68, 2)
    assert (points.min(0) > 0).all()
    assert (points.max(0) < SIZE).all()
