"""A clip's picture: whole, in the format its name asks for, or an error that says why not."""

from pathlib import Path

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from raicl.common.cache.pictures import draw_clip
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
    assert "casme2/sub00/EP0" in caught.value.fix
