"""Where an artifact comes from: versions of the packages that made it, and the git commit."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

_FOLDERS = ("raicl.common", "raicl.data", "raicl.preprocess", "raicl.train")


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


@cache
def source_digest() -> str:
    """SHA-256 of raicl's own Python files, wherever it is installed."""
    digest = hashlib.sha256()
    for folder in (find_spec(name) for name in _FOLDERS):
        places = folder.submodule_search_locations if folder is not None else None
        for root in map(Path, places or ()):
            for path in sorted(root.rglob("*.py")):
                digest.update(f"{root.name}/{path.relative_to(root).as_posix()}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def git_state() -> str:
    """Commit of the source tree, with ``+dirty`` if changed, or ``installed`` if no checkout."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return "installed"
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+dirty", "--abbrev=12"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else "unknown"
