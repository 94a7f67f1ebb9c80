"""What is compared: stage 1's engines, and what one would use instead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from skimage.registration import optical_flow_tvl1

from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.settings import PrepSettings

Engine = Callable[[np.ndarray, np.ndarray], np.ndarray]  # two (H, W) float32 → (2, H, W) px


def raicl(flow: str, profile: str = "exact") -> Engine:
    """One of stage 1's engines."""
    settings = PrepSettings(flow=flow, flow_profile=profile)
    return lambda onset, frame: compute_flow(onset, [frame], settings)[0]


def skimage_default(onset: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """scikit-image's TV-L1 with its defaults; its first component is vertical."""
    levels = (np.rint(image).clip(0, 255).astype(np.uint8) for image in (onset, frame))
    rows, columns = optical_flow_tvl1(*levels)
    return np.stack([columns, rows])


def no_motion(onset: np.ndarray, _: np.ndarray) -> np.ndarray:
    """The score of claiming that nothing moves."""
    return np.zeros((2, *onset.shape), np.float32)


ENGINES: dict[str, Engine] = {
    "tvl1 exact": raicl("tvl1"),
    "tvl1 fast": raicl("tvl1", "fast"),
    "opencv": raicl("opencv"),
    "skimage": skimage_default,
    "dis": raicl("dis"),
    "no motion": no_motion,
}


def warm_up() -> None:
    """Compile and load everything before a clock runs."""
    image = np.zeros((64, 64), np.float32)
    for engine in ENGINES.values():
        engine(image, image)
