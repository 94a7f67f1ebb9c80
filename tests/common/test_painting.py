"""Colours of values, and pictures as bytes."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raicl.common.errors import ConflictError, SetupError
from raicl.common.pages import data_uri, licensed, policy_source, refuse_other
from raicl.common.painting import encode_webp, lay_over, paint


def test_colours_go_from_the_first_to_the_last_and_stay_there() -> None:
    values = np.array([[0.0, 1.0, 2.0, 5.0, -1.0]])
    painted = paint(values, "magma", reach=2.0)
    assert painted.shape == (1, 5, 3)
    assert painted[0, 0].tolist() == [0, 0, 3]  # magma's first
    assert painted[0, 2].tolist() == [251, 252, 191]  # and its last
    assert (painted[0, 3] == painted[0, 2]).all()
    assert (painted[0, 4] == painted[0, 0]).all()
    assert not (painted[0, 1] == painted[0, 0]).all()


def test_signed_values_have_0_in_the_middle() -> None:
    painted = paint(np.array([[-2.0, 0.0, 2.0]]), "RdBu_r", reach=2.0, signed=True)
    blue, middle, red = painted[0].astype(int)
    assert blue[2] > blue[0] + 50
    assert red[0] > red[2] + 50
    assert middle.min() > 230
    assert (paint(np.ones((1, 2)), "RdBu_r", reach=0.0, signed=True) == middle).all()


def test_values_over_a_face_are_half_of_each() -> None:
    face = np.full((8, 8), 100, np.uint8)
    found = lay_over(face, np.zeros((2, 2)), "magma", reach=1.0)
    assert found.shape == (8, 8, 3)
    assert found[0, 0].tolist() == [50, 50, 51]


def test_a_picture_is_a_webp_of_the_side_that_is_asked_for() -> None:
    from PIL import Image

    picture = np.zeros((20, 30, 3), np.uint8)
    for side, size in ((None, (30, 20)), (12, (12, 12))):
        content = encode_webp(picture, side=side)
        with Image.open(io.BytesIO(content)) as image:
            assert (image.format, image.size) == ("WEBP", size)


def test_pictures_and_scripts_are_named_as_the_standards_say() -> None:
    assert data_uri(b"abc", "image/webp") == "data:image/webp;base64,YWJj"
    # the digest of nothing, FIPS 180-4
    assert policy_source("") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


def test_quality_costs_bytes() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    least, usual, most = (
        len(encode_webp(noise, **q)) for q in ({"quality": 1}, {}, {"quality": 95})
    )
    assert least < usual < most


@pytest.mark.parametrize("reach", [0.25, 1.0, 4.0])
def test_the_colour_is_that_of_the_share_of_the_reach(reach: float) -> None:
    painted = paint(np.array([[0.5 * reach]]), "magma", reach=reach)
    # matplotlib's magma, colour 128 of 256: (0.716387, 0.214982, 0.475290), cut off or rounded
    np.testing.assert_allclose(painted[0, 0], [182.7, 54.8, 121.2], atol=1)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: paint(np.zeros((1, 1)), "magma", reach=1.0),
        lambda: lay_over(np.zeros((2, 2), np.uint8), np.zeros((1, 1)), "magma", reach=1.0),
        lambda: encode_webp(np.zeros((2, 2), np.uint8)),
    ],
)
def test_without_matplotlib_the_remedy_is_told(
    draw: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    with pytest.raises(SetupError, match="need matplotlib"):
        draw()


def test_only_a_page_is_replaced_by_a_page(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    refuse_other(path)
    path.write_bytes(b"<!DOCTYPE html><p>")
    refuse_other(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ConflictError, match="is not a page") as caught:
        refuse_other(path, "--page")
    assert caught.value.fix == "choose another --page"
    refuse_other(tmp_path)  # a folder is told of by who writes into it


def test_faces_of_every_database_but_the_synthetic_one_are_licensed() -> None:
    assert licensed(["synthetic", "samm", "casme2", "samm"]) == ["casme2", "samm"]
    assert licensed(["synthetic"]) == []
