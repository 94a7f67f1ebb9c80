"""Watch: the numbers of a clip, found while its frames go by. Which is which: face/quality.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raicl.common.quality import Quality
from raicl.preprocess.face.align import carry
from raicl.preprocess.face.coarse import Tracked
from raicl.preprocess.face.continuity import Continuity, combing, unexplained
from raicl.preprocess.face.head_motion import head_similarities, with_head
from raicl.preprocess.face.location import Location
from raicl.preprocess.face.quality import (
    background_flow,
    eye_distance,
    measure_quality,
    sharpness,
    shrink,
    watched_rows,
)
from raicl.preprocess.face.shape import turn
from raicl.preprocess.instances import inner_of
from raicl.preprocess.settings import PrepSettings

Grey = NDArray[np.uint8]


class Watch:
    """Watches the frames of a clip in their order, a few of them closely.

    Parameters
    ----------
    image, crop : the onset, raw (h, w) and aligned with its margin.
    count : number of frames that follow.
    """

    def __init__(
        self, image: Grey, crop: Grey, face: Location, settings: PrepSettings, count: int
    ) -> None:
        self._face, self._settings = face, settings
        self._inner = inner_of(settings)
        self._image, self._crop = image, crop
        self._rows = watched_rows(count)
        self._continuity = Continuity(crop, settings.margin)
        self._small: list[Grey] = []  # of the watched frames
        self._crops: list[Grey] = []
        self._combing = [combing(image, face.eyes)]

    @property
    def onset_face(self) -> Grey:
        """The aligned onset without its margin, (S, S)."""
        return self._crop[self._inner, self._inner].copy()

    def see(self, row: int, image: Grey, crop: Grey) -> Tracked | None:
        """Look at the next frame, raw and aligned, and say where its face is if it was tracked."""
        watched = row in self._rows
        if watched:
            self._crops.append(crop)
            self._combing.append(combing(image, self._face.eyes))
            if len(self._face.eyes):
                self._small.append(shrink(image))
        track = watched or self._settings.head_motion == "remove"
        return self._continuity.see(crop, track=track)

    def measure(self, instances: NDArray[np.float16], heads: NDArray[np.float64] | None) -> Quality:
        """The quality of the clip. It depends on what is stored, not on what was computed just now.

        Parameters
        ----------
        instances : (N, 3, S, S).
        heads : (N, 2, 3) motions of the head that were removed from them, or None.
        """
        face, removed = self._face, heads
        if len(face.eyes) and heads is None:
            heads = head_similarities(instances[:, :2].astype(np.float32), face.rigid, 0)
        return measure_quality(
            eyes=face.eyes,
            turned=turn(face.landmarks) if len(face.landmarks) else None,
            face=self.onset_face,
            rigid=face.rigid,
            heads=heads,
            background=self._background(),
            others={
                **self._continuity.numbers(),
                "onset_sharpness": self._onset_sharpness(),
                "combing": max((found for found in self._combing if found), default=None),
                "unexplained": self._unexplained(instances, removed),
                "faces": face.faces,
            },
        )

    def _background(self) -> float | None:
        """Motion of the background, px of the crop."""
        face = self._face
        if not len(face.eyes):
            return None
        small = shrink(self._image)
        # in distances between the eyes, as in the crop
        away = background_flow(small, self._small, face.eyes * (len(small) / len(self._image)))
        return None if away is None else away * eye_distance(carry(face.eyes, face.transform))

    def _onset_sharpness(self) -> float | None:
        others = float(np.median([sharpness(c[self._inner, self._inner]) for c in self._crops]))
        return sharpness(self.onset_face) / others if others > 0 else None

    def _unexplained(
        self, instances: NDArray[np.float16], heads: NDArray[np.float64] | None
    ) -> float:
        """The most of the watched frames."""
        shares = []
        for row, crop in zip(self._rows, self._crops, strict=True):
            flow = instances[row, :2].astype(np.float32)
            if heads is not None:
                flow = with_head(flow, heads[row])
            shares.append(unexplained(self._crop, crop, flow, self._settings.margin))
        return max(shares)
