"""How far the flow of stage 1 is from the true motion, beside what one would use instead.

Writes a few synthetic clips, aligns them as `raicl-prep` does, and compares each engine's field
with the stored truth, in px of the crop. Run: ``make bench-flow``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from skimage.registration import optical_flow_tvl1

from raicl.common.instance import strain
from raicl.common.sampling import middle_frames
from raicl.data.database import Footage, read_database
from raicl.data.synthetic import make_database
from raicl.data.synthetic_truth import moving_region, true_flow
from raicl.preprocess.align import warp
from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.frames import decode_grey, read_frame
from raicl.preprocess.process import locate_face
from raicl.preprocess.settings import PrepSettings

Field = np.ndarray  # (2, H, W) px
Engine = Callable[[np.ndarray, np.ndarray], Field]
SETTINGS = PrepSettings()


def raicl(flow: str, profile: str = "exact") -> Engine:
    """One of stage 1's engines."""
    settings = PrepSettings(flow=flow, flow_profile=profile)

    def run(onset: np.ndarray, frame: np.ndarray) -> Field:
        floats = (image.astype(np.float32) for image in (onset, frame))
        return compute_flow(next(floats), floats, settings)[0]

    return run


def skimage_default(onset: np.ndarray, frame: np.ndarray) -> Field:
    """scikit-image's TV-L1 with its defaults; its first component is vertical."""
    rows, columns = optical_flow_tvl1(onset, frame)
    return np.stack([columns, rows])


def no_motion(onset: np.ndarray, frame: np.ndarray) -> Field:
    """The score of claiming that nothing moves."""
    return np.zeros((2, *onset.shape), np.float32)


ENGINES: dict[str, Engine] = {
    "tvl1 exact": raicl("tvl1"),
    "tvl1 fast": raicl("tvl1", "fast"),
    "opencv": raicl("opencv"),
    "dis": raicl("dis"),
    "skimage optical_flow_tvl1": skimage_default,
    "no motion": no_motion,
}


def load(footage: Footage, index: int) -> np.ndarray:
    """Frame `index` of a clip, grey."""
    frame = footage.frames[index]
    return decode_grey(read_frame(frame.path), frame.path)


def crop_truth(raw: Field, region: np.ndarray, transform: np.ndarray) -> tuple[Field, np.ndarray]:
    """The true field and the moving region in the crop's px: sampled there, turned and scaled."""
    size = (SETTINGS.size, SETTINGS.size)
    sampled = [cv2.warpAffine(part, transform, size, flags=cv2.INTER_CUBIC) for part in raw]
    turned = np.einsum("ij,jyx->iyx", transform[:, :2], np.stack(sampled))
    mask = cv2.warpAffine(region.astype(np.uint8), transform, size, flags=cv2.INTER_NEAREST)
    return turned, mask.astype(bool)


def measure(root: Path, clips: int, frames: int) -> dict[str, dict[str, list[float]]]:
    """Errors and seconds per engine over `clips` clips and `frames` instances of each."""
    rows: dict[str, dict[str, list[float]]] = {
        name: {key: [] for key in ("inside", "outside", "edge", "seconds")} for name in ENGINES
    }
    database = read_database("synthetic", root=root)
    for footage in database.footage[:clips]:
        onset = load(footage, 0)
        transform, _ = locate_face(onset, SETTINGS)
        size, margin = SETTINGS.size, SETTINGS.margin
        aligned = warp(onset, transform, size=size, margin=margin)
        window = middle_frames(len(footage.frames), SETTINGS.n_frames)
        path = root / "truth" / footage.clip.subject / f"{footage.clip.name}.npz"
        for index in window[:: max(1, len(window) // frames)][:frames]:
            moved = warp(load(footage, index), transform, size=size, margin=margin)
            raw = true_flow(path, footage.frames[index].number)
            truth, region = crop_truth(raw, moving_region(path), transform)
            for name, engine in ENGINES.items():
                started = time.process_time()  # not the wall's: other programs take cores
                flow = engine(aligned, moved)[:, margin:-margin, margin:-margin]
                rows[name]["seconds"].append(time.process_time() - started)
                error = np.hypot(*(flow - truth))
                border = np.ones(error.shape, bool)
                border[4:-4, 4:-4] = False
                epsilon = strain(flow)
                rows[name]["inside"].append(float(np.median(error[region])))
                rows[name]["outside"].append(float(np.median(error[~region])))
                rows[name]["edge"].append(float(epsilon[border].max() / (epsilon.max() + 1e-9)))
    return rows


def main() -> None:
    """Print one table; medians over instances."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument("--root", type=Path, help="a synthetic database that exists already")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        root = options.root or Path(folder) / "database"
        if options.root is None:
            make_database(root, subjects=4, clips=max(2, options.clips // 4), seed=1)
        cv2.setNumThreads(1)
        warm = np.zeros((64, 64), np.uint8)
        for engine in ENGINES.values():  # compile before the clock runs
            engine(warm, warm)
        rows = measure(root, options.clips, options.frames)
    print(f"{'engine':28}{'moving px':>12}{'elsewhere':>12}{'edge strain':>13}{'ms/pair':>9}")
    milliseconds = {}
    for name, row in rows.items():
        inside, outside, edge, seconds = (float(np.median(values)) for values in row.values())
        milliseconds[name] = 1000 * seconds
        cells = f"{inside:>12.3f}{outside:>12.3f}{edge:>13.2f}{milliseconds[name]:>9.1f}"
        print(f"{name:28}{cells}")
    print(
        "median end-point error in px of the 225 px crop, inside and outside the true action "
        "units' regions;\nedge strain: largest strain in the 4 px border over the largest anywhere"
    )
    ratios = {
        f"{profile}_vs_{other}": round(milliseconds[theirs] / milliseconds[f"tvl1 {profile}"], 1)
        for profile in ("exact", "fast")
        for other, theirs in (("opencv", "opencv"), ("skimage", "skimage optical_flow_tvl1"))
    }
    print(json.dumps(ratios))


if __name__ == "__main__":
    main()
