"""The one door to matplotlib, optional (extra `demo`), loaded when something is drawn."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from raicl.common.errors import SetupError
from raicl.common.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def can_draw() -> bool:
    """Whether matplotlib is installed; asking does not load it."""
    return find_spec("matplotlib") is not None


def matplotlib() -> ModuleType:
    """Matplotlib with its figures and images, without pyplot: no window and no global state.

    Raises
    ------
    SetupError : matplotlib is not installed.
    """
    try:
        import matplotlib.figure
        import matplotlib.image
    except ImportError as error:
        raise SetupError("pictures need matplotlib", fix="pip install 'raicl[demo]'") from error
    return matplotlib


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, `width` by `height` inches at 100 dots per inch.

    Raises
    ------
    SetupError : matplotlib is not installed.
    """
    size = (width, height)
    figure: Figure = matplotlib().figure.Figure(figsize=size, dpi=100, layout="constrained")
    return figure


def encode_png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG."""
    stream = BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    write_atomic(path, encode_png(figure))
