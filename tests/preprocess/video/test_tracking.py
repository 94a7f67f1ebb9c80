"""The search follows whoever moves, and not a larger face on the wall."""

import numpy as np
import pytest

from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.tracking import Tracker
from tests.preprocess.face.test_several import room


@pytest.mark.promise("input 37")
def test_the_person_is_followed_and_not_the_larger_face_on_the_wall() -> None:
    def largest_way(speaks: float) -> float:
        """Of any cell of the face that is followed, px of the search's crop."""
        tracker = Tracker(PrepSettings(), 1)
        found = tracker.displacements([room(number, speaks=speaks) for number in range(3)])
        assert tracker.faces == 2
        return float(np.hypot(found[0, 0], found[0, 1]).max())

    assert largest_way(0.0) < 0.15  # nobody moves
    assert largest_way(2.0) > 0.4
