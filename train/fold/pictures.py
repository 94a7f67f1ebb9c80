"""Pictures: the confusion matrix, and where the network looks. Needs the extra `demo`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.drawing import encode_png, new_figure, save_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from raicl.train.fold.inference import Attention

_COLUMNS = 5  # panels in a row: onset, u, v, strain, class map; the regions follow below


def draw_confusion(table: Sequence[Sequence[int]], classes: Sequence[str]) -> bytes:
    """Draw the pooled confusion matrix as a PNG, shaded by the share of each true class.

    Parameters
    ----------
    table : counts (L, L), one row per true class.
    """
    counts = np.asarray(table)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = new_figure(1.2 * len(classes) + 2, 1.2 * len(classes) + 1.5)
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        ink = "white" if share[row, column] > 0.5 else "black"
        text = f"{counts[row, column]}\n{share[row, column]:.0%}"
        axes.text(column, row, text, ha="center", va="center", color=ink)
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    return encode_png(figure)


def draw_attention(
    path: Path, *, face: NDArray[np.uint8] | None, seen: Attention, title: str, unit: str = " px"
) -> None:
    """Write the picture of `attention_figure`."""
    save_png(attention_figure(face=face, seen=seen, title=title, unit=unit), path)


def attention_figure(
    *,
    face: NDArray[np.uint8] | None,
    seen: Attention,
    title: str,
    unit: str = " px",
    below: Callable[[Any], None] | None = None,
) -> Figure:
    """Draw one clip: onset face, u, v and strain, the class map on the face, and the regions.

    Parameters
    ----------
    face : aligned onset frame, (S, S). None if nobody has it; maps are then drawn on white paper.
    unit : of u and v, as it is printed behind a number.
    seen : instance, class map of the predicted class and assignment of the regions.
    below : draws into an axis of matplotlib that is as wide as the figure, under the others.
    """
    u, v, strain = seen.instance.numpy()
    regions = () if seen.assignment is None else seen.assignment.numpy()
    rows = 1 + math.ceil(len(regions) / _COLUMNS)
    extra = 0 if below is None else 1
    lines = 1 + title.count("\n") if title else 0
    figure = new_figure(1.9 * _COLUMNS, 2.2 * (rows + extra) + 0.3 * lines)
    cells = figure.add_gridspec(rows + extra, _COLUMNS)
    grid = np.array(
        [[figure.add_subplot(cells[r, c]) for c in range(_COLUMNS)] for r in range(rows)]
    )
    for axes in grid.flat:
        axes.axis("off")
    if below is not None:
        below(figure.add_subplot(cells[rows, :]))
    grey = {"cmap": "gray", "vmin": 0, "vmax": 255}
    reach = max(float(np.abs([u, v]).max()), 1e-6)  # px, shared by u and v
    name = "onset" if face is not None else "no onset face"
    face = np.full(u.shape, 255, np.uint8) if face is None else face
    _panel(grid[0, 0], name, face, **grey)
    _panel(grid[0, 1], f"u ±{reach:.2g}{unit}", u, cmap="RdBu_r", vmin=-reach, vmax=reach)
    _panel(grid[0, 2], f"v ±{reach:.2g}{unit}", v, cmap="RdBu_r", vmin=-reach, vmax=reach)
    _panel(grid[0, 3], f"strain ≤ {strain.max():.2g}", strain, cmap="magma", vmin=0)
    class_map = seen.class_map.numpy()
    limit = max(float(np.abs(class_map).max()), 1e-6)  # keeps the sign: red speaks for the class
    if class_map.size > 1:
        _panel(grid[0, 4], "class map", face, **grey)
        _overlay(grid[0, 4], class_map, len(face), cmap="RdBu_r", vmin=-limit, vmax=limit)
    else:  # a network whose features have no places
        grid[0, 4].set_title("no class map", fontsize=9)
    most = max((float(region.max()) for region in regions), default=1.0)
    for index, (axes, region) in enumerate(zip(grid[1:].flat, regions, strict=False), start=1):
        _panel(axes, f"region {index} ≤ {region.max():.2f}", face, **grey)
        _overlay(axes, region, len(face), cmap="viridis", vmin=0, vmax=most)
    if title:
        figure.suptitle(title)
    return figure


def _panel(axes: Any, name: str, values: NDArray[Any], **colours: Any) -> None:
    axes.set_title(name, fontsize=9)
    axes.imshow(values, **colours)


def _overlay(axes: Any, values: NDArray[Any], size: int, **colours: Any) -> None:
    extent = (-0.5, size - 0.5, size - 0.5, -0.5)
    axes.imshow(values, alpha=0.5, extent=extent, interpolation="bilinear", **colours)
