"""A real camera, where its video lies beside the checkout: a sensor and a head that moves."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.clip import Clip
from raicl.data.records import Footage, Frame
from raicl.preprocess.fingerprint import identify
from raicl.preprocess.process import process_clip
from raicl.preprocess.settings import PrepSettings

VIDEO = Path(__file__).parents[3] / "shared" / "data" / "talking_head.mp4"
pytestmark = pytest.mark.skipif(not VIDEO.is_file(), reason="the video is not beside the checkout")


@pytest.mark.parametrize("start", [4, 233, 370])
def test_a_talking_head_is_aligned_and_moves_smoothly(tmp_path: Path, start: int) -> None:
    video = cv2.VideoCapture(str(VIDEO))
    video.set(cv2.CAP_PROP_POS_FRAMES, start)
    frames = []
    for number in range(start, start + 5):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), video.read()[1])
        frames.append(Frame(number, path))
    clip = Clip(dataset="folder", subject="a", name="b", emotion="x", onset=start, offset=start + 4)
    footage, settings = Footage(clip, tuple(frames)), PrepSettings()
    shard = process_clip(identify(footage, settings), settings)
    assert shard.flags == ()  # the plain detector, one face
    instances = shard.instances.astype(np.float32)
    magnitude = np.hypot(instances[:, 0], instances[:, 1]).mean(axis=(1, 2))
    assert (np.diff(magnitude) > 0).all()  # the head goes on moving away from the onset
    assert 0.05 < magnitude[0] < 1
    strain = instances[:, 2]
    border = np.ones(strain.shape[1:], bool)
    border[4:-4, 4:-4] = False
    # hair leaves the picture at the border, but nothing like TV-L1's spikes of ten px is left
    assert np.median(strain[:, border]) < 3 * np.median(strain[:, ~border]) + 0.01
