"""False flow: what each way of aligning and lighting adds where nothing moves at all."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from raicl.data.synthetic.face import draw_face, render_face
from raicl.preprocess.face.align import warp
from raicl.preprocess.face.location import locate_face
from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.instances import match_light
from raicl.preprocess.settings import PrepSettings

SIZE = (640, 480)
EXACT, FAST = PrepSettings(), PrepSettings(flow_profile="fast")
OPENCV = PrepSettings(flow="opencv")
_FLICKER = 0.01  # of the brightness, alternately more and less
Clip = list[np.ndarray]  # raw frames (h, w) uint8, the onset first


def film(face: int, *, noise: float, frames: int, flicker: float = 0.0) -> Clip:
    """A synthetic person who does not move, before a camera with noise and a lamp that may."""
    rng = np.random.default_rng([face, 9])
    grey = cv2.cvtColor(render_face(draw_face(rng, SIZE), SIZE), cv2.COLOR_BGR2GRAY)
    gains = 1 + flicker * np.array([0, *(1 - 2 * (n % 2) for n in range(frames))])
    pictures = (gain * grey + rng.normal(0, noise, grey.shape) for gain in gains)
    return [np.rint(picture).clip(0, 255).astype(np.uint8) for picture in pictures]


def false_flow(clip: Clip, settings: PrepSettings, *, lit: bool, every: bool = False) -> float:
    """Mean |flow| over the crop and the frames; `every` frame by its own landmarks, or one."""
    size, margin = settings.size, settings.margin
    inner = slice(margin, margin + size)
    transform = locate_face(clip[0], settings).transform
    aligned = [
        warp(
            frame,
            locate_face(frame, settings).transform if every else transform,
            size=size,
            margin=margin,
        )
        for frame in clip
    ]
    onset = aligned[0].astype(np.float32)
    frames = [
        match_light(frame, aligned[0], inner) if lit else frame.astype(np.float32)
        for frame in aligned[1:]
    ]
    flow = compute_flow(onset, frames, settings)[..., inner, inner]
    return float(np.hypot(flow[:, 0], flow[:, 1]).mean())


def report(quick: bool) -> dict[str, float]:
    """Print a table; return the values with a target."""
    faces, frames = (1, 2) if quick else (4, 4)
    rows: dict[str, tuple[float, Callable[[Clip], float]]] = {
        "tvl1 exact": (0, lambda clip: false_flow(clip, EXACT, lit=True)),
        "tvl1 fast": (0, lambda clip: false_flow(clip, FAST, lit=True)),
        "opencv": (0, lambda clip: false_flow(clip[:2], OPENCV, lit=True)),
        "tvl1 exact, 1 % flicker": (_FLICKER, lambda clip: false_flow(clip, EXACT, lit=True)),
        "tvl1 fast, 1 % flicker": (_FLICKER, lambda clip: false_flow(clip, FAST, lit=True)),
        "the same, light not matched": (_FLICKER, lambda clip: false_flow(clip, EXACT, lit=False)),
        "exact, every frame aligned": (
            0,
            lambda clip: false_flow(clip, EXACT, lit=True, every=True),
        ),
    }
    print(f"\nfalse flow on still faces, mean px; {faces} faces, {frames} frames each")
    print(f"{'':30}{'±1 grey level':>15}{'±2':>8}{'mean':>8}")
    found = {}
    for name, (flicker, score) in rows.items():
        values = [
            np.mean(
                [
                    score(film(face, noise=noise, frames=frames, flicker=flicker))
                    for face in range(faces)
                ]
            )
            for noise in (1.0, 2.0)
        ]
        found[name] = values
        print(f"{name:30}{values[0]:>15.4f}{values[1]:>8.4f}{np.mean(values):>8.4f}")
    return {
        "exact_still_px": round(float(np.mean(found["tvl1 exact"])), 4),
        "fast_still_px": round(float(np.mean(found["tvl1 fast"])), 4),
        "exact_flicker_px": round(float(np.mean(found["tvl1 exact, 1 % flicker"])), 4),
        "fast_flicker_px": round(float(np.mean(found["tvl1 fast, 1 % flicker"])), 4),
    }
