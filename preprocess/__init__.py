"""Stage 1, raw frames to instances. Read `process.py` first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from raicl.preprocess.arrays import PreparedClip
    from raicl.preprocess.settings import PrepSettings


def process_frames(
    frames: Sequence[NDArray[np.uint8]],
    *,
    onset: int = 0,
    offset: int | None = None,
    fps: float | None = None,
    settings: PrepSettings | None = None,
) -> PreparedClip:
    """Turn frames in memory into instances, by the code of ``raicl-prep``.

    The frames are numbered from 0. Colours become grey as those of a PNG file do. A JPEG file has
    grey levels of its own: decode it with ``cv2.IMREAD_GRAYSCALE`` to get the instances of
    ``raicl-prep``.

    Parameters
    ----------
    frames : uint8, grey (h, w) or BGR (h, w, 3), all of one size. Only those from onset to offset
        are used.
    onset, offset : numbers of the first and the last frame of the expression. By default the clip
        ends with the last frame.
    fps : frames per second, which only some samplings need.
    settings : those of ``raicl-prep``. By default the paper's.

    Returns
    -------
    The clip, with ``instances`` float16 (N, 3, S, S) as (u px, v px, ε), and ``middle``, the row of
    the one that is tested. Its ``record`` and ``shard`` are what a cache would hold.

    Raises
    ------
    UsageError : there are no such frames.
    InputError : no face is found, a frame is no picture, or the clip cannot be sampled.
    SetupError : a library or a model is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from raicl.preprocess import process_frames
    >>> from raicl.preprocess.settings import PrepSettings
    >>> noise = np.random.default_rng(0).integers(0, 256, (40, 50)).repeat(4, 0).repeat(4, 1)
    >>> frames = [noise[:, shift : shift + 160].astype(np.uint8) for shift in range(6)]
    >>> settings = PrepSettings(align="none", size=64, n_frames=3, flow="dis")
    >>> clip = process_frames(frames, onset=1, settings=settings)
    >>> clip.instances.shape, clip.middle, clip.record.frames
    ((3, 3, 64, 64), 1, (2, 3, 4))
    """
    from raicl.preprocess.arrays import prepare_frames
    from raicl.preprocess.settings import PrepSettings

    return prepare_frames(
        frames, onset=onset, offset=offset, fps=fps, settings=settings or PrepSettings()
    )
