"""Unnamed files: what processes of one machine share, and of which nothing is left behind."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryFile

import torch


def can_share(device: torch.device) -> bool:
    """Whether a process can hand over the instances that it keeps for `device`, not a copy.

    It needs files that are opened through ``/proc``, as on Linux, and for a GPU CUDA IPC.
    """
    return device.type in ("cpu", "cuda") and hasattr(os, "memfd_create")


class Unnamed:
    """A file without a name in any folder. It ends with the last process that holds it.

    Attributes
    ----------
    descriptor : its descriptor in this process.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def in_memory(cls) -> Unnamed:
        """In memory alone (Linux)."""
        return cls(os.memfd_create("instances"))

    @classmethod
    def on_disk(cls, folder: Path | None) -> Unnamed:
        """On the disk of a folder. None for that of temporary files."""
        with TemporaryFile(dir=folder) as stream:
            return cls(os.dup(stream.fileno()))

    @property
    def path(self) -> str:
        """Opens it, also in other processes of this user, until it is closed here (Linux)."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def close(self) -> None:
        """Close it here. Other processes keep what they have opened or mapped."""
        os.close(self.descriptor)
