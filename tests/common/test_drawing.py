"""Figures have the size that is asked for, and are written whole."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from raicl.common.drawing import can_draw, encode_png, matplotlib, new_figure, save_png
from raicl.common.errors import SetupError

pytest.importorskip("matplotlib")


def test_a_figure_has_a_hundred_dots_an_inch_in_its_file_too(tmp_path: Path) -> None:
    figure = new_figure(3, 1.5)
    content = encode_png(figure)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (300, 150)
    path = tmp_path / "figure.png"
    save_png(figure, path)
    assert path.read_bytes()[16:24] == content[16:24]
    assert list(tmp_path.iterdir()) == [path]


def test_drawing_opens_no_window_and_keeps_no_figure() -> None:
    script = (
        "import sys\nfrom raicl.common.drawing import can_draw, new_figure\n"
        "assert can_draw() and 'matplotlib' not in sys.modules\n"
        "new_figure(1, 1)\nassert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_its_parts_are_loaded() -> None:
    assert can_draw() is True
    assert matplotlib().image.AxesImage
    assert new_figure(1, 1).get_layout_engine() is not None  # nothing overlaps


def test_without_matplotlib_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    with pytest.raises(SetupError, match="need matplotlib"):
        new_figure(1, 1)
