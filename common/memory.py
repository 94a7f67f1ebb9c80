"""Memory: what the machine has, and the container or batch job that this process runs in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ROOT = Path("/")


class _Version(NamedTuple):
    """Where a version of Linux's control groups keeps what it allows."""

    controller: str  # in /proc/self/cgroup
    mounts: tuple[str, ...]
    limit: str
    used: str
    files: str  # of memory.stat: pages of files that are given back when something else needs them


_VERSIONS = (
    _Version("", ("", "unified"), "memory.max", "memory.current", "inactive_file"),
    _Version(
        "memory",
        ("memory",),
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def all_memory(root: Path = _ROOT) -> int:
    """Bytes that this machine has, or that the group of this process may take if that is less.

    Parameters
    ----------
    root : where ``proc`` and ``sys`` are.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for limit, _ in _groups(root))])


def free_memory(root: Path = _ROOT) -> int:
    """Bytes that this process may still take, those that only hold files among them.

    Where the system does not tell, as on macOS, half of what the machine has.

    Parameters
    ----------
    root : where ``proc`` and ``sys`` are.
    """
    told = root / "proc/meminfo"
    if not told.is_file():
        free = all_memory(root) // 2
    else:
        rows = dict(line.split(":", 1) for line in told.read_text().splitlines())
        free = 1024 * int(rows["MemAvailable"].split()[0])
    return max(0, min([free, *(limit - used for limit, used in _groups(root))]))


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """Limit and use, bytes, of every control group that holds this process and has a limit."""
    told = root / "proc/self/cgroup"
    lines = told.read_text().splitlines() if told.is_file() else []
    for _, controllers, inner in (line.split(":", 2) for line in lines):
        for version in _VERSIONS:
            if version.controller in controllers.split(","):
                for mount in version.mounts:
                    yield from _above(root / "sys/fs/cgroup" / mount, inner.lstrip("/"), version)


def _above(mount: Path, inner: str, version: _Version) -> Iterator[tuple[int, int]]:
    """Of a group and those that it lies in. In a container only the outermost may be seen."""
    group = mount / inner
    for folder in (group, *(above for above in group.parents if above.is_relative_to(mount))):
        limit = folder / version.limit
        if not limit.is_file() or (allowed := limit.read_text().strip()) == "max":
            continue
        used = int((folder / version.used).read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        yield int(allowed), used - int(stat.get(version.files, 0))
