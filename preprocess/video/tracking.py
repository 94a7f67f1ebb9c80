"""Tracking: displacement of a face in a stretch of frames, without the motion of the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.preprocess.face.align import warp
from raicl.preprocess.face.head_motion import remove_head_motion
from raicl.preprocess.face.location import Location, at_landmarks, locate_face
from raicl.preprocess.face.models import model_file
from raicl.preprocess.face.quality import head_ways
from raicl.preprocess.face.several import find_beside, find_face, list_faces, prefer_moving
from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.flow.profile import Profile
from raicl.preprocess.instances import match_light
from raicl.preprocess.opencv import opencv
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.intensity import CELLS, watched_cells

Grey = NDArray[np.uint8]

_SIZE, _MARGIN = 112, 8  # px of the crop
_PARAMETERS = [field.name for field in fields(Profile)]
_ROUNDS, _SWEEPS = 1, 12  # of the flow per warp: a third of the time, and means of cells agree
_QUICK_STAGES = 2  # detectors that take a tenth of a second together
_TRIES = 3  # stretches in which all detectors look for the face, with seconds each
_FAR = 6.0  # px of this crop; a head that moves farther is out of the reach of the flow
UNIT = 225 / _SIZE  # px of a crop of 225 px per px of this one


class Tracker:
    """Follows one face through stretches of frames.

    Parameters
    ----------
    settings : those of stage 1, for the landmarks; the search has a small crop and a quick flow.
    face : which face is meant, by size from 1.

    Attributes
    ----------
    faces : number of faces where the face was first seen; 0 before.
    refused : why the first frame that was looked at shows none; None if it does.
    """

    def __init__(self, settings: PrepSettings, face: int) -> None:
        self.faces = 0
        self.refused: InputError | None = None
        self._face = face
        self._quick = settings.model_copy(
            update={"size": _SIZE, "margin": _MARGIN, "flow": "tvl1", "flow_profile": "fast"}
            | {f"flow_{name}": None for name in _PARAMETERS}
            | {"flow_outer": _ROUNDS, "flow_inner": _SWEEPS}
        )
        self._tries = _TRIES
        self._kept: Location | None = None

    def displacements(self, frames: Sequence[Grey]) -> NDArray[np.float32]:
        """Displacements (T, 2, K) of the cells of the face from the middle frame, px of its crop.

        A frame in which the head is too far away is NaN, and so is every frame if the middle one
        shows no face.

        Parameters
        ----------
        frames : T grey frames of one size.
        """
        watched, middle = watched_cells(), len(frames) // 2
        face = self._locate(frames[middle], frames)
        if face is None:
            return np.full((len(frames), 2, int(watched.sum())), np.nan, np.float32)
        crops = [warp(frame, face.transform, size=_SIZE, margin=_MARGIN) for frame in frames]
        inner = slice(_MARGIN, _MARGIN + _SIZE)
        lit = [match_light(crop, crops[middle], inner) for crop in crops]
        flow = compute_flow(lit[middle], lit, self._quick)
        if len(face.rigid):
            flow, heads = remove_head_motion(flow, face.rigid, _MARGIN)
            flow[head_ways(heads, face.rigid) > _FAR] = np.nan
        cells = [_cells(field[:, inner, inner]) for field in flow]
        return np.asarray(np.stack(cells)[:, :, watched], np.float32)

    def _locate(self, frame: Grey, frames: Sequence[Grey]) -> Location | None:
        """Where the face is, by the quick detectors, or as long as there was none, by all.

        A face that only the slow ones find, as in a frame that lies on its side, is taken to stay
        where it was.
        """
        if self._quick.align == "none":
            return locate_face(frame, self._quick)
        model = model_file(self._quick.landmarks)
        faces = list_faces(frame, model, least=self._face, stages=_QUICK_STAGES)
        if len(faces) >= self._face:
            if self._face == 1:
                faces = [faces[0], *find_beside(frame, faces[0], model)]
            self.faces = self.faces or len(faces)
            self._kept = None
            found = faces[self._face - 1]
            if self._face == 1 and len(faces) > 1:
                found = prefer_moving(frame, faces, (frames[0], frames[-1]))
            return at_landmarks(found.points, found.flags, self._quick)
        if self.faces or not self._tries:
            return self._kept
        self._tries -= 1
        try:
            points, flags = find_face(frame, model, self._face)
        except InputError as error:
            self.refused = self.refused or error
            return None
        self.faces = max(1, self._face)
        self._kept = at_landmarks(points, flags, self._quick)
        return self._kept


def _cells(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean displacements (2, C, C) of the cells of a field (2, S, S)."""
    cv2 = opencv()
    means = [cv2.resize(part, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for part in field]
    return np.array(means, np.float32)
