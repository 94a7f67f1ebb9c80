"""READ FIRST. The largest face of a frame and its landmarks, if what was found is a face."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.preprocess.face.align import carry
from raicl.preprocess.face.detection import HOG_STAGES, choose_faces, detect
from raicl.preprocess.face.models import Box, fit_landmarks
from raicl.preprocess.face.plausible import (
    MOVES,
    QUICK_MOVES,
    STEADY,
    UNSTEADY,
    drawing_problem,
    eye_moves,
    shape_problem,
)
from raicl.preprocess.face.views import QUARTERS, TILTS, View, turn
from raicl.preprocess.opencv import opencv

_LEAST_RANGE = 100  # grey levels; in darker faces dlib's landmarks are not sure of themselves


@dataclass(frozen=True)
class Candidate:
    """A place that may be a face.

    Attributes
    ----------
    box : where it was found, px of the frame or of the view.
    points : landmarks (K, 2), px of the frame.
    moves : how far its eyes move when its box is moved, in distances between the eyes.
    problem : why it is no face; empty if it is one.
    flags : how it was found.
    rivals : the other boxes that its detector found, px as `box`.
    """

    box: Box
    points: NDArray[np.float32]
    moves: float
    problem: str
    flags: tuple[str, ...]
    rivals: tuple[Box, ...] = ()


def find_landmarks(
    image: NDArray[np.uint8], model: Path
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Landmarks (68, 2) or (5, 2) px of the largest face, and flags; see `find_largest`."""
    found = find_largest(image, model)
    return found.points, found.flags


def find_largest(image: NDArray[np.uint8], model: Path) -> Candidate:
    """The largest plausible face, with flags that say how it was found.

    Detectors are tried until one finds a face (see `detect`). If its landmarks are surely those of
    a face, they are taken. A detector that finds no face looks at the frame turned by quarters
    before the next one is tried. A face that is not sure is looked for in the frame turned a
    little, too, and gives way to one that is surer there by a factor of two. Faces of turned frames
    have the flag ``face-rotated``. The landmarks are always fitted at full resolution.

    Parameters
    ----------
    image : (h, w) uint8.
    model : a dlib shape predictor with 68 or 5 points.

    Returns
    -------
    Its landmarks are (68, 2) or (5, 2) float32 px, x right and y down. Its flags, such as
    ``("face-padded", "several-faces")``, are empty in the ordinary case.

    Raises
    ------
    InputError : no detector finds a face, or what they find is none.
    SetupError : dlib or the model cannot be loaded.
    """
    refused = turned = None
    quarters = _search(image, model, QUARTERS)
    for stages, (step, boxes) in enumerate(detect(image), 1):
        seen, upright = _first(examine_all(image, boxes, model, step))
        refused = refused or seen
        if upright is not None and upright.moves <= STEADY:
            return upright
        turned = _surest(turned, *next(quarters))
        if seen is not None:
            tilted = chain.from_iterable(islice(_search(image, model, TILTS), stages))
            surest = _surest(turned, *tilted)
            if surest is not None and surest.moves <= min(UNSTEADY, (upright or seen).moves / 2):
                return surest
            if upright is not None:
                return upright
        elif turned is not None and turned.moves <= STEADY:
            return turned
    turned = turned or _surest(*chain.from_iterable(_search(image, model, TILTS)))
    if turned is None:
        raise _no_face(refused)
    return turned


def _first(candidates: Iterable[Candidate]) -> tuple[Candidate | None, Candidate | None]:
    """The first candidate, and the first that is a face."""
    seen = None
    for candidate in candidates:
        seen = seen or candidate
        if not candidate.problem:
            return seen, candidate
    return seen, None


def _surest(*faces: Candidate | None) -> Candidate | None:
    """The face whose eyes move least when the box is moved; of equal ones, the first."""
    found = [face for face in faces if face is not None]
    return min(found, key=lambda face: face.moves, default=None)


def _search(
    image: NDArray[np.uint8], model: Path, turns: tuple[int, ...]
) -> Iterator[list[Candidate]]:
    """Yield the faces that each detector finds in the frame turned. The CNN minds no small turn."""
    views = [turn(image, degrees) for degrees in turns]
    last = None if turns == QUARTERS else HOG_STAGES
    for stage in zip(*(islice(detect(view.image), last) for view in views), strict=True):
        yield [
            _turned_back(candidate, view)
            for view, (step, boxes) in zip(views, stage, strict=True)
            for candidate in examine_all(view.image, boxes, model, step)
            if not candidate.problem
        ]


def _turned_back(candidate: Candidate, view: View) -> Candidate:
    points = carry(candidate.points.astype(np.float64), view.back).astype(np.float32)
    return replace(candidate, points=points, flags=("face-rotated", *candidate.flags))


def examine_all(
    image: NDArray[np.uint8], boxes: list[Box], model: Path, step: str
) -> Iterator[Candidate]:
    """What a detector found, the largest first, each examined when it is asked for."""
    rivals = choose_faces(boxes)
    flags = ([step] if step else []) + (["several-faces"] if rivals[1:] else [])
    for box in rivals:
        points = fit_landmarks(image, box, model)
        problem = shape_problem(points) or drawing_problem(image, points)
        moves = np.inf if problem else _measure_moves(image, box, points, model)
        if not problem and moves > UNSTEADY:
            problem = f"its eyes move by {moves:.2f} eye distances when its frame is moved a little"
        others = tuple(other for other in rivals if other is not box)
        yield Candidate(box, points, moves, problem, tuple(flags), others)


def _measure_moves(
    image: NDArray[np.uint8], box: Box, points: NDArray[np.float32], model: Path
) -> float:
    """How far the eyes move when the box is moved, in distances between the eyes.

    The larger of two small moves if it is small; otherwise the median of many.
    """
    lit = _with_contrast(image, box)
    if lit is not image:
        points = fit_landmarks(lit, box, model)

    def moved(moves: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
        return eye_moves(points, [fit_landmarks(lit, box.moved(*move), model) for move in moves])

    quick = moved(QUICK_MOVES)
    if quick.max() <= STEADY:
        return float(quick.max())
    return float(np.median([*quick, *moved(MOVES[len(QUICK_MOVES) :])]))


def _with_contrast(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The image itself, or brought to full contrast if the face in the box has little."""
    face = image[max(box.top, 0) : max(box.bottom, 0), max(box.left, 0) : max(box.right, 0)]
    if face.size == 0:
        return image
    low, high = np.percentile(face[::2, ::2], (1, 99))
    if high - low >= _LEAST_RANGE:
        return image
    levels = (np.arange(256) - low) * 255 / max(high - low, 1.0)
    return np.asarray(opencv().LUT(image, levels.clip(0, 255).astype(np.uint8)), np.uint8)


def _no_face(refused: Candidate | None) -> InputError:
    fix = "look at the frame; for crops that are registered already use --align none"
    if refused is None:
        return InputError("no face in the onset frame", fix=fix)
    box = refused.box
    return InputError(
        f"no face in the onset frame: where one seems to be, {refused.problem}",
        where=f"px {box.left} to {box.right} across, {box.top} to {box.bottom} down",
        fix=fix,
    )
