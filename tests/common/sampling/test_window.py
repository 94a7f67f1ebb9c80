"""A window: read, written, refused and its width in frames."""

import pytest

from raicl.common.errors import UsageError
from raicl.common.sampling.sample import SamplingSettings
from raicl.common.sampling.window import Window
from raicl.common.settings import merge


def settings(window: str) -> SamplingSettings:
    return merge(SamplingSettings, ("test", {"window": window}))


@pytest.mark.parametrize(
    "text",
    ["16", "frames", "frames:", "frames:1.5", "frames:0", "frames:nan", "frames:inf", "seconds:-1",
     "seconds:x", "fraction:1.01", "fraction:0", "minutes:1", "", "seconds:0,08"],
)  # fmt: skip
def test_what_is_no_window_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match="window = ") as caught:
        settings(text)
    assert "\n" not in caught.value.what
    assert "Value error" not in caught.value.what


@pytest.mark.parametrize("text", ["frames:16", "seconds:0.08", "fraction:0.3333333333"])
def test_a_window_is_written_as_it_is_read_in_one_spelling(text: str) -> None:
    assert str(Window.parse(text)) == text
    assert settings("seconds:.080").window == "seconds:0.08"


@pytest.mark.parametrize(
    ("text", "n_frames", "width"),
    [
        ("fraction:0.5", 41, 20),
        ("fraction:1", 41, 40),
        ("fraction:0.001", 41, 1),
        ("seconds:0.1", 41, 20),
        ("seconds:60", 41, 12000),
        ("seconds:0.001", 41, 1),
        ("frames:4096", 41, 4096),
    ],
)
def test_the_width_of_a_window_is_golden(text: str, n_frames: int, width: int) -> None:
    assert Window.parse(text).width(n_frames, 200.0) == width  # by hand


@pytest.mark.parametrize("text", ["frames:4097", "seconds:60.5", "fraction:1.001"])
def test_a_window_has_an_end(text: str) -> None:
    with pytest.raises(ValueError, match="at most"):
        Window.parse(text)
