"""A clip's instances as a picture: onset face, u, v, ε, and their size over time."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np

from raicl.common.errors import SetupError, UsageError
from raicl.common.files import replace_atomically
from raicl.common.flows import Cache
from raicl.common.sampling import needs_apex


def matplotlib_figure() -> ModuleType:
    """`matplotlib.figure`, which draws into files without a display.

    Raises
    ------
    SetupError : matplotlib is not installed.
    """
    try:
        import matplotlib.figure
    except ImportError as error:
        raise SetupError("pictures need matplotlib", fix="pip install 'raicl[demo]'") from error
    return matplotlib.figure


def draw_clip(cache: Cache, clip_id: str, out: Path) -> None:
    """Draw the strongest instance of a clip beside its onset face, and ε and |flow| over time.

    Raises
    ------
    UsageError : the cache has no such clip.
    """
    record = next((record for record in cache.records if record.id == clip_id), None)
    if record is None:
        from difflib import get_close_matches

        near = get_close_matches(clip_id, [record.id for record in cache.records], 3)
        raise UsageError(
            f"no clip {clip_id!r} in the cache",
            where=str(cache.path),
            fix="did you mean " + " or ".join(near or [cache.records[0].id]) + "?",
        )
    shard = cache.read(record)
    instances = shard.instances.astype(np.float32)
    magnitude = np.hypot(instances[:, 0], instances[:, 1]).mean(axis=(1, 2))
    strongest = int(magnitude.argmax())
    figure = matplotlib_figure().Figure(figsize=(15, 3.4), layout="constrained")
    axes = figure.subplots(1, 5)
    axes[0].imshow(shard.onset_face, cmap="gray", vmin=0, vmax=255)
    axes[0].set_title(f"{record.id}\nonset {record.clip.onset}, {record.clip.emotion}")
    reach = float(np.abs(instances[strongest, :2]).max()) or 1.0
    for axis, channel, name in zip(axes[1:3], (0, 1), ("u, px right", "v, px down"), strict=True):
        shown = axis.imshow(instances[strongest, channel], cmap="RdBu_r", vmin=-reach, vmax=reach)
        axis.set_title(f"{name}, frame {shard.frames[strongest]}")
        figure.colorbar(shown, ax=axis, shrink=0.8)
    shown = axes[3].imshow(instances[strongest, 2], cmap="magma", vmin=0)
    axes[3].set_title("strain ε")
    figure.colorbar(shown, ax=axes[3], shrink=0.8)
    for axis in axes[:4]:
        axis.set_axis_off()
    axes[4].plot(shard.frames, magnitude, marker="o", label="mean |flow|, px")
    axes[4].plot(shard.frames, instances[:, 2].mean(axis=(1, 2)), marker="s", label="mean ε")
    if record.clip.apex is not None:
        used = needs_apex(cache.settings.get("sampling", "middle"))
        label = "apex" if used else "apex (not used)"
        axes[4].axvline(record.clip.apex, color="grey", linestyle=":", label=label)
    axes[4].axvline(shard.frames[record.middle], color="black", linewidth=0.8, label="inference")
    axes[4].set_xlabel("frame")
    axes[4].legend(fontsize="small")
    with replace_atomically(out) as temporary:
        figure.savefig(temporary, format=out.suffix.lstrip(".") or "png", dpi=110)
