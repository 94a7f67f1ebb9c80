"""Every sampling: unique and ascending in 1 … T-1, as many as promised, phases without the apex."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest

from raicl.common.sampling.frames import (
    SAMPLINGS,
    SamplingName,
    apex_centred_frames,
    central_frame,
    choose_frames,
    falls_back,
    looks_at_apex,
    middle_frames,
    middle_index,
    random_frames,
    uniform_frames,
)

LENGTHS = [2, 3, 16, 17, 18, 1000]
N = 16


def apexes(n_frames: int) -> list[int]:
    """First, second, middle, last but one and last of the frames that can be an apex."""
    found = {1, 2, middle_index(n_frames), n_frames - 2, n_frames - 1}
    return sorted(found & set(range(1, n_frames)))


CASES = list(product(SAMPLINGS, LENGTHS))


def choose(sampling: SamplingName, n_frames: int, apex: int | None, n: int = N) -> Sequence[int]:
    rng = np.random.default_rng(0)
    return choose_frames(sampling, n_frames, n=n, apex=apex, rng=rng)


@pytest.mark.parametrize(("sampling", "n_frames"), CASES)
def test_frames_are_unique_ascending_and_never_the_onset(
    sampling: SamplingName, n_frames: int
) -> None:
    for apex, n in product(apexes(n_frames), (1, 2, 16)):
        frames = choose(sampling, n_frames, apex, n)
        assert all(a < b for a, b in pairwise(frames))
        assert set(frames) <= set(range(1, n_frames))
        assert all(isinstance(index, int) for index in frames)


@pytest.mark.parametrize(("sampling", "n_frames"), CASES)
def test_as_many_frames_as_promised(sampling: SamplingName, n_frames: int) -> None:
    for apex in apexes(n_frames):
        promised = min(N, n_frames - 1)
        if sampling == "all":
            promised = n_frames - 1
        elif sampling == "apex":
            promised = 1
        elif sampling in ("activation", "decay"):
            phase = apex - 1 if sampling == "activation" else n_frames - 1 - apex
            # fewer than two: two that are not the apex, or what there is
            promised = min(N, phase) if phase >= 2 else min(2, n_frames - 2)
        assert len(choose(sampling, n_frames, apex)) == promised


@pytest.mark.parametrize("n_frames", LENGTHS)
@pytest.mark.parametrize("sampling", [name for name in SAMPLINGS if not looks_at_apex(name)])
def test_what_is_apex_free_does_not_look_at_the_apex(sampling: SamplingName, n_frames: int) -> None:
    drawn = {tuple(choose(sampling, n_frames, apex)) for apex in (None, 0, *apexes(n_frames))}
    assert len(drawn) == 1


@pytest.mark.parametrize("apex", [None, 0, 17, -1])
@pytest.mark.parametrize("sampling", [name for name in SAMPLINGS if looks_at_apex(name)])
def test_what_needs_an_apex_refuses_to_go_without(sampling: SamplingName, apex: int | None) -> None:
    with pytest.raises(ValueError, match="needs an apex in 1 … 16"):
        choose(sampling, 17, apex)


@pytest.mark.parametrize("n_frames", [0, 1])
@pytest.mark.parametrize("sampling", ["middle", "all", "random", "uniform"])
def test_one_frame_has_no_flow(sampling: SamplingName, n_frames: int) -> None:
    with pytest.raises(ValueError, match="flow needs the onset and one more"):
        choose(sampling, n_frames, None)


def test_a_random_draw_needs_its_generator() -> None:
    with pytest.raises(ValueError, match="generator"):
        choose_frames("random", 20, n=N)


@pytest.mark.parametrize("n_frames", [*LENGTHS, 24, 141])
def test_the_middle_window_is_consecutive_and_holds_the_middle(n_frames: int) -> None:
    frames = middle_frames(n_frames, N)
    assert list(frames) == list(range(frames[0], frames[-1] + 1))
    assert middle_index(n_frames) in frames


def test_golden_windows() -> None:
    # worked by hand from the definition: m = (T-1)//2, start = m - 8
    assert middle_frames(36, 16) == range(9, 25)
    assert middle_frames(17, 16) == range(1, 17)
    assert middle_frames(3, 16) == range(1, 3)
    assert middle_index(36) == 17


def test_a_wide_window_is_sampled_evenly_to_both_of_its_ends_and_a_narrow_one_is_taken_whole() -> (
    None
):
    # m = 49, the window of 31 starts at 49 - 15
    assert list(middle_frames(100, 16, 31)) == list(range(34, 65, 2))
    assert list(middle_frames(100, 4, 31)) == [34, 44, 54, 64]
    assert list(middle_frames(100, 16, 3)) == [48, 49, 50]
    assert list(middle_frames(100, 1, 31)) == [49]
    assert list(middle_frames(40, 1, 16)) == [19]  # the tested frame, of an even window too
    assert list(middle_frames(10, 16, 500)) == list(range(1, 10))


@pytest.mark.parametrize("n_frames", [*LENGTHS, 24, 141])
def test_the_middle_lies_where_it_did_unless_it_is_moved(n_frames: int) -> None:
    assert middle_index(n_frames, 0.5) == max(1, (n_frames - 1) // 2)
    assert middle_frames(n_frames, N, 31, 0.5) == middle_frames(n_frames, N, 31)


@pytest.mark.parametrize("n_frames", [*LENGTHS, 24, 141])
def test_a_moved_middle_stays_in_its_window_and_the_window_in_the_clip(n_frames: int) -> None:
    places = [middle_index(n_frames, tenths / 10) for tenths in range(11)]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (1, n_frames - 1)
    for tenths, place in enumerate(places):
        frames = middle_frames(n_frames, N, at=tenths / 10)
        assert len(frames) == min(N, n_frames - 1)
        assert list(frames) == list(range(frames[0], frames[-1] + 1))
        assert place in frames


def test_a_fraction_that_means_a_whole_frame_gives_that_frame() -> None:
    # 0.29 * 100 is 28.999999999999996, 0.57 * 100 is 56.99999999999999
    assert [middle_index(101, hundredths / 100) for hundredths in range(1, 101)] == [*range(1, 101)]
    # worked by hand: T = 100, m = floor(19.8) = 19 and floor(79.2) = 79
    assert middle_frames(100, 16, at=0.2) == range(11, 27)
    assert middle_frames(100, 16, at=0.8) == range(71, 87)
    assert middle_frames(100, 16, at=0.99) == range(84, 100)


@pytest.mark.parametrize("n_frames", [17, 18, 36, 100, 999, 1000])
def test_uniform_is_the_rounded_linspace(n_frames: int) -> None:
    expected = np.round(np.linspace(1, n_frames - 1, 16)).astype(int)
    assert list(uniform_frames(n_frames, 16)) == expected.tolist()


def test_one_uniform_frame_is_the_central_one_of_two_the_earlier() -> None:
    assert [list(uniform_frames(n_frames, 1)) for n_frames in (2, 3, 4, 11)] == [[1], [1], [2], [5]]


@pytest.mark.parametrize("n_frames", LENGTHS)
@pytest.mark.parametrize("sampling", ["activation", "decay"])
def test_a_phase_never_holds_the_apex(sampling: SamplingName, n_frames: int) -> None:
    for apex in apexes(n_frames):
        frames = choose(sampling, n_frames, apex)
        assert apex not in frames
        inside = [index < apex if sampling == "activation" else index > apex for index in frames]
        assert all(inside) or falls_back(sampling, n_frames, apex)


def test_a_long_phase_gives_its_central_frames() -> None:
    assert list(choose("activation", 100, 41)) == list(range(13, 29))  # of 1 … 40, 12 cut each side
    assert list(choose("decay", 100, 59)) == list(range(72, 88))  # of 60 … 99


def test_a_phase_of_fewer_than_two_takes_the_nearest_frames_that_are_not_the_apex() -> None:
    assert list(choose("activation", 20, 1)) == [2, 3]
    assert list(choose("activation", 20, 2)) == [1, 3]
    assert list(choose("activation", 20, 3)) == [1, 2]
    assert list(choose("decay", 20, 19)) == [17, 18]
    assert list(choose("decay", 20, 18)) == [17, 19]
    assert list(choose("decay", 3, 2)) == [1]
    # of two equally near, a single frame is taken from the phase itself
    assert list(choose("activation", 20, 2, 1)) == [1]
    assert list(choose("decay", 20, 18, 1)) == [19]
    assert list(choose("decay", 2, 1)) == []
    fallen = [apex for apex in range(1, 20) if falls_back("activation", 20, apex)]
    assert fallen == [1, 2]
    assert [apex for apex in range(1, 20) if falls_back("decay", 20, apex)] == [18, 19]
    assert not any(falls_back("middle", 20, apex) for apex in range(1, 20))


def test_the_window_around_the_apex_moves_inwards_at_the_ends() -> None:
    assert apex_centred_frames(100, 50, 16) == range(42, 58)
    assert apex_centred_frames(100, 1, 16) == range(1, 17)
    assert apex_centred_frames(100, 99, 16) == range(84, 100)
    assert choose("apex", 100, 99) == range(99, 100)


def test_random_frames_are_uniform_and_repeat_with_the_generator() -> None:
    rng = np.random.default_rng(0)
    counts = Counter(index for _ in range(3000) for index in random_frames(6, 2, rng))
    # 1,200 expected of each; five standard deviations of a binomial are 134
    assert sorted(counts) == [1, 2, 3, 4, 5]
    assert all(abs(count - 1200) < 134 for count in counts.values())
    one, two = (random_frames(100, 16, np.random.default_rng(7)) for _ in range(2))
    assert one == two
    assert one != random_frames(100, 16, np.random.default_rng(8))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 15, 16])
def test_the_central_frame_of_consecutive_ones_around_the_middle_is_the_middle(n: int) -> None:
    for n_frames in (17, 18, 100, 101):
        middle = middle_index(n_frames)
        assert central_frame(middle_frames(n_frames, n), middle) == middle


def test_of_two_frames_in_the_middle_the_nearer_to_the_clips_middle_is_central() -> None:
    assert [central_frame(range(2, 6), middle) for middle in (1, 3, 4, 9)] == [3, 3, 4, 4]
    assert [central_frame([2, 8], middle) for middle in (4, 5, 6)] == [2, 2, 8]
    assert central_frame([1, 2, 9], 30) == 2
