"""Event files: the log of a fold for TensorBoard, written by torch."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from raicl.common.errors import SetupError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class EventFiles:
    """One scalar per quantity and epoch.

    An event file can only grow. It is therefore written anew from the rows of the finished epochs,
    so that no epoch is in it twice after an interruption.

    Parameters
    ----------
    folder : folder of this fold alone. It is emptied first.
    rows : log rows of the finished epochs.

    Raises
    ------
    SetupError : see `summary_writer`.
    """

    def __init__(self, folder: Path, rows: Sequence[Mapping[str, float | None]]) -> None:
        writer = summary_writer()
        if folder.exists():
            shutil.rmtree(folder)
        self._writer = writer(str(folder))
        for row in rows:
            self.add(row)

    def add(self, row: Mapping[str, float | None]) -> None:
        """Write the values of an epoch, except those that are None (not finite)."""
        for name, value in row.items():
            if name != "epoch" and value is not None:
                self._writer.add_scalar(name, value, row["epoch"])
        self._writer.flush()  # so that an open TensorBoard shows it

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def summary_writer() -> type[SummaryWriter]:
    """Torch's writer of event files.

    Raises
    ------
    SetupError : the package tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise SetupError(
            f"--tensorboard needs the package tensorboard: {error}",
            fix="pip install 'raicl[tensorboard]', or leave the option out: log.csv has the same",
        ) from error
    return SummaryWriter
