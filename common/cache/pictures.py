"""Draw a clip's instances: onset face, u, v, ε, and mean |flow| and ε over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.flows import Cache, StoredClip
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard
from raicl.common.drawing import new_figure
from raicl.common.errors import UsageError
from raicl.common.files import replace_atomically
from raicl.common.sampling.frames import looks_at_apex


def draw_clip(cache: Cache, clip_id: str, out: Path) -> None:
    """Draw the strongest instance of a clip beside its onset face, and ε and |flow| over time.

    Raises
    ------
    UsageError : the cache has no such clip, or the suffix of `out` is no picture format.
    """
    record = _find(cache, clip_id)
    shard = cache.read(record)
    instances = shard.instances.astype(np.float32)
    strongest = int(mean_flow(shard).argmax())
    figure = new_figure(15, 3.6)
    kind = out.suffix.lstrip(".").lower() or "png"
    if kind not in figure.canvas.get_supported_filetypes():
        raise UsageError(
            f"a picture cannot be written as .{kind}",
            where=str(out),
            fix="let its name end in .png, .svg or .pdf",
        )
    axes = figure.subplots(1, 5)
    axes[0].imshow(shard.backdrop, cmap="gray", vmin=0, vmax=255)
    onset = "no onset face" if shard.onset_face is None else f"onset {record.clip.onset}"
    axes[0].set_title(f"{record.id}\n{onset}, {record.clip.emotion}", fontsize=10)
    reach = float(np.abs(instances[strongest, :2]).max()) or 1.0
    measure, number = cache.measure, f"{unit_of_time(record)} {shard.frames[strongest]}"
    colours: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach}
    if not measure.zero:  # colours with a zero would say where nothing moves
        colours = {"cmap": "gray", "vmin": 0, "vmax": reach}
    for axis, channel, name in zip(axes[1:3], (0, 1), ("right", "down"), strict=True):
        shown = axis.imshow(instances[strongest, channel], **colours)
        axis.set_title(f"{'uv'[channel]},{measure.px} {name}, {number}", fontsize=10)
        figure.colorbar(shown, ax=axis, shrink=0.8)
    shown = axes[3].imshow(instances[strongest, 2], cmap="magma", vmin=0)
    axes[3].set_title(f"strain ε, {number}", fontsize=10)
    figure.colorbar(shown, ax=axes[3], shrink=0.8)
    for axis in axes[:4]:
        axis.set_axis_off()
    draw_course(axes[4], StoredClip(cache, record), shard)
    with replace_atomically(out) as temporary:
        figure.savefig(temporary, format=kind, dpi=110)


def _find(cache: Cache, clip_id: str) -> ClipRecord:
    record = next((record for record in cache.records if record.id == clip_id), None)
    if record is None:
        from difflib import get_close_matches

        near = get_close_matches(clip_id, [record.id for record in cache.records], 3)
        raise UsageError(
            f"no clip {clip_id!r} in the cache",
            where=str(cache.path),
            fix="did you mean " + " or ".join(near or [cache.records[0].id]) + "?",
        )
    return record


def draw_course(axis: Any, stored: StoredClip, shard: Shard) -> None:
    """Plot mean |flow| and mean ε over the frames, each on its own scale.

    |flow| is in px if it has a unit, and left out if nobody knows its zero.

    Parameters
    ----------
    axis : of matplotlib.
    shard : the clip's.
    """
    strains = axis.twinx()
    magnitude = mean_flow(shard)
    mean_strain = shard.instances[:, 2].mean((1, 2), np.float32)
    measure = stored.cache.measure
    if measure.zero:
        axis.plot(shard.frames, magnitude, marker="o", color="tab:blue")
    strains.plot(shard.frames, mean_strain, marker="s", color="tab:red")
    flow = "mean |flow|, px" if measure.unit else "mean |flow|" if measure.zero else ""
    for scale, name, colour in ((axis, flow, "blue"), (strains, "mean ε", "red")):
        scale.set_ylabel(name, color=f"tab:{colour}")
        scale.set_ylim(bottom=0)
    axis.set_xlabel(unit_of_time(stored.record))
    _mark_frames(axis, *stored)


def unit_of_time(record: ClipRecord) -> str:
    """What the numbers of a clip's instances count."""
    return "frame" if record.clip.numbered else "instance"


def mean_flow(shard: Shard) -> NDArray[np.float32]:
    """Length of the flow of each instance, averaged over the pixels, px, (N,)."""
    u, v = np.moveaxis(shard.instances[:, :2].astype(np.float32), 1, 0)
    return np.asarray(np.hypot(u, v).mean(axis=(1, 2)))


def _mark_frames(axis: Any, cache: Cache, record: ClipRecord) -> None:
    inference = record.frames[record.middle]
    axis.axvline(inference, color="black", linewidth=0.8, label="inference")
    if record.clip.apex is not None:
        used = looks_at_apex(str(cache.settings.get("sampling", "middle")))
        label = "apex" if used else "apex (not used)"
        axis.axvline(record.clip.apex, color="grey", linestyle=":", label=label)
    axis.legend(fontsize="small", loc="lower right")
