"""Whole clips of the synthetic database through stage 1's own steps, beside their stored truth."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from raicl.common.instance import strain
from raicl.common.sampling.frames import middle_frames
from raicl.data.database import read_database
from raicl.data.records import Footage
from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.truth import moving_region, true_flow
from raicl.preprocess.face.align import warp
from raicl.preprocess.face.head_motion import remove_head_motion
from raicl.preprocess.face.location import locate_face
from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.frames import decode_grey, read_frame
from raicl.preprocess.settings import PrepSettings
from tests.benchmarks.flow.engines import ENGINES

SETTINGS = PrepSettings()
Rows = dict[str, list[tuple[float, ...]]]


def load(footage: Footage, index: int) -> np.ndarray:
    """Frame `index` of a clip, grey."""
    frame = footage.frames[index]
    return decode_grey(read_frame(frame))


def crop_truth(raw: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """The true field in the crop's px: sampled there, turned and scaled."""
    size = (SETTINGS.size, SETTINGS.size)
    sampled = [cv2.warpAffine(part, transform, size, flags=cv2.INTER_CUBIC) for part in raw]
    return np.einsum("ij,jyx->iyx", transform[:, :2], np.stack(sampled))


def crop_region(region: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """The moving region in the crop."""
    size = (SETTINGS.size, SETTINGS.size)
    mask = cv2.warpAffine(region.astype(np.uint8), transform, size, flags=cv2.INTER_NEAREST)
    return mask.astype(bool)


def measure(root: Path, clips: int, frames: int) -> tuple[Rows, Rows]:
    """Per engine: error inside and outside the moving region, share of the strain at the edge.

    Then, by what is done about the head: the errors against the face's own motion.
    """
    engines: Rows = defaultdict(list)
    heads: Rows = defaultdict(list)
    size, margin = SETTINGS.size, SETTINGS.margin
    inner = slice(margin, margin + size)
    for footage in read_database("synthetic", root=root).footage[:clips]:
        onset = load(footage, 0)
        face = locate_face(onset, SETTINGS)
        path = root / "truth" / footage.clip.subject / f"{footage.clip.name}.npz"
        region = crop_region(moving_region(path), face.transform)
        window = middle_frames(len(footage.frames), 16)
        for index in window[:: max(1, len(window) // frames)][:frames]:
            first, second = (
                warp(image, face.transform, size=size, margin=margin).astype(np.float32)
                for image in (onset, load(footage, index))
            )
            number = footage.frames[index].number
            truth = crop_truth(true_flow(path, number), face.transform)
            for name, engine in ENGINES.items():
                flow = engine(first, second)[:, inner, inner]
                error, epsilon = np.hypot(*(flow - truth)), strain(flow)
                edge = max(epsilon[:4].max(), epsilon[-4:].max())
                edge = max(edge, epsilon[:, :4].max(), epsilon[:, -4:].max())
                share = float(edge / (epsilon.max() + 1e-9))
                engines[name].append((*medians(error, region), share))
            alone = crop_truth(true_flow(path, number, drift=False), face.transform)
            kept = compute_flow(first, [second], SETTINGS)
            removed, _ = remove_head_motion(kept, face.rigid, margin)
            for name, fields in (("keep", kept), ("remove", removed)):
                error = np.hypot(*(fields[0][:, inner, inner] - alone))
                heads[name].append(medians(error, region))
    return engines, heads


def medians(error: np.ndarray, region: np.ndarray) -> tuple[float, float]:
    """Median error inside and outside."""
    return float(np.median(error[region])), float(np.median(error[~region]))


def report(folder: Path, quick: bool) -> dict[str, float]:
    """Print both tables; return what removing the head's motion gains."""
    root = folder / "faces"
    make_database(root, subjects=2 if quick else 6, clips=2, seed=1)
    engines, heads = measure(root, clips=2 if quick else 12, frames=1 if quick else 2)
    print("\nsynthetic clips, aligned as raicl-prep does: median end-point error, px of the crop")
    print(f"{'':26}{'moving':>10}{'elsewhere':>12}{'edge strain':>13}")
    for name, values in engines.items():
        inside, outside, edge = np.median(values, axis=0)
        print(f"{name:26}{inside:>10.3f}{outside:>12.3f}{edge:>13.2f}")
    print("edge strain: the largest of the 4 px border over the largest anywhere")
    print("against the face's own motion, without the head's:")
    found = {}
    for name, values in heads.items():
        inside, outside = np.median(values, axis=0)
        print(f"{f'--head-motion {name}':26}{inside:>10.3f}{outside:>12.3f}")
        found[f"head_{name}_px"] = round(float(outside), 4)
    return found
