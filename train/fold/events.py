"""Event files: the log of a fold for TensorBoard, through torch's writer."""

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

    An event file can only be appended to: it is written anew from the finished epochs' rows, so
    that those of an interrupted process are not there twice.

    Parameters
    ----------
    folder : of this fold alone; emptied.
    rows : of the epochs that are finished.

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
        """Write an epoch's values; one that is not finite is left out."""
        for name, value in row.items():
            if name != "epoch" and value is not None:
                self._writer.add_scalar(name, value, row["epoch"])
        self._writer.flush()  # an open TensorBoard shows it now

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
