"""Where an artifact comes from: versions of the packages that made it, and the git commit."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def installed_version(*packages: str) -> str | None:
    """Version of the first of these distributions that is installed, None if none is."""
    for package in packages:
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(package)
    return None


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Installed versions by distribution name, and Python's. A missing one is ``absent``."""
    found = {package: installed_version(package) or "absent" for package in packages}
    return {"python": platform.python_version(), **found}


def git_state() -> str:
    """Commit of the source tree, with ``+dirty`` if changed, or ``installed`` if no checkout."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return "installed"
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+dirty", "--abbrev=12"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else "unknown"
