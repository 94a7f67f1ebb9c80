"""The numbers of a clip survive their bytes, and an unknown one is no zero."""

import pytest

from raicl.common.quality import UNITS, Quality


def test_numbers_survive_and_those_that_are_unknown_stay_so() -> None:
    quality = Quality(eye_distance=81.25, roll=-3.5, background_flow=0.0)
    again = Quality.decode(quality.encode())
    assert again == quality
    assert again.background_flow == 0
    assert again.head_motion is None
    assert Quality.decode(Quality().encode()) == Quality()


def test_equal_numbers_are_equal_bytes_and_later_names_are_left_out() -> None:
    assert Quality(roll=1.0, contrast=2.0).encode() == b'{"contrast":2.0,"roll":1.0}'
    assert Quality.decode(b'{"roll": 1, "yaw": 4.0}') == Quality(roll=1.0)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"roll": "1"}', b'{"roll": NaN}', b'{"roll":'])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Quality.decode(content)


def test_every_number_has_a_unit() -> None:
    assert UNITS.keys() == Quality.__dataclass_fields__.keys()


def test_a_count_is_written_as_it_is_read() -> None:
    counted = Quality(faces=1, repeated_frames=0)
    assert Quality.decode(counted.encode()).encode() == counted.encode()
