"""The middle window: unique, consecutive, inside 1 … T-1, around m."""

import pytest

from raicl.preprocess.sampling import middle_frames, middle_index


@pytest.mark.parametrize("n_frames", [2, 3, 16, 17, 18, 24, 141, 1000])
def test_the_window_is_consecutive_and_holds_the_middle(n_frames: int) -> None:
    frames = middle_frames(n_frames, 16)
    assert len(frames) == min(16, n_frames - 1)
    assert frames.step == 1
    assert frames[0] >= 1
    assert frames[-1] <= n_frames - 1
    assert middle_index(n_frames) in frames


def test_golden_windows() -> None:
    # worked by hand from the definition: m = (T-1)//2, start = m - 8
    assert middle_frames(36, 16) == range(9, 25)
    assert middle_frames(17, 16) == range(1, 17)
    assert middle_frames(3, 16) == range(1, 3)
    assert middle_index(36) == 17


def test_one_frame_has_no_flow() -> None:
    with pytest.raises(ValueError, match="1 frame"):
        middle_frames(1, 16)
