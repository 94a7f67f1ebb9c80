"""Run the tutorial once: its commands in one folder, kept until they or the package change."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tutorial_page import Block

PACKAGES = ("raicl.common", "raicl.data", "raicl.preprocess", "raicl.train")
_NOT_SOURCE = {"__pycache__", "raw"}  # data/raw may hold whole databases
_PRINTED, _WORK = "printed.json", "work"
_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Run:
    """The folder that the commands worked in, and what they printed, by name."""

    folder: Path
    printed: Mapping[str, str]

    @property
    def stamp(self) -> Path:
        """A file that is another one after every new run."""
        return self.folder.parent / _PRINTED


def run_tutorial(blocks: Sequence[Block], store: Path) -> Run:
    """Run the blocks, or take the run that `store` has of the same blocks and package.

    Raises
    ------
    RuntimeError : a command failed; the message has its output.
    """
    kept = store / digest_of(blocks, source_files())
    if not (kept / _PRINTED).is_file():
        _run_anew(blocks, store, kept)
    for old in store.iterdir():
        if old != kept and _DIGEST.fullmatch(old.name):
            shutil.rmtree(old, ignore_errors=True)
    outputs = json.loads((kept / _PRINTED).read_text(encoding="utf-8"))
    pairs = zip(blocks, outputs, strict=True)
    return Run(kept / _WORK, {name: text for block, text in pairs for name in block.names})


def _run_anew(blocks: Sequence[Block], store: Path, kept: Path) -> None:
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store, ignore_cleanup_errors=True) as folder:
        work = Path(folder, "run", _WORK)
        work.mkdir(parents=True)
        outputs = [_run_block(block, work) for block in blocks]
        (work.parent / _PRINTED).write_text(json.dumps(outputs), encoding="utf-8")
        if not kept.exists():  # another build may have been faster
            work.parent.rename(kept)


def _run_block(block: Block, folder: Path) -> str:
    done = subprocess.run(
        ["sh", "-e", "-c", block.commands],
        cwd=folder, env=plain_environment(os.environ), capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(
            f"the tutorial's commands ended with {done.returncode}:\n"
            f"{block.commands}\n{done.stdout}\n{done.stderr}"
        )
    return without_folder(done.stdout, folder)


def without_folder(text: str, folder: Path) -> str:
    """The text as if it had been printed by someone in that folder."""
    return text.replace(f"{folder}/", "").replace(str(folder), ".").rstrip() + "\n"


def plain_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of raicl and colours, and with this Python's commands."""
    kept = {name: value for name, value in given.items() if not name.startswith("RAICL_")}
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept | {"PATH": scripts, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}


def source_files() -> Iterator[Path]:
    """Every file of the package, in a fixed order."""
    for name in PACKAGES:
        for folder, inner, files in os.walk(import_module(name).__path__[0]):
            inner[:] = sorted(set(inner) - _NOT_SOURCE)
            yield from (Path(folder, file) for file in sorted(files))


def digest_of(blocks: Sequence[Block], files: Iterable[Path]) -> str:
    """Digest of what decides the outputs, short enough for the name of a folder."""
    hasher = hashlib.sha256("\0".join(block.commands for block in blocks).encode())
    for path in files:
        hasher.update(f"\0{path.name}\0".encode())
        hasher.update(path.read_bytes())
    return hasher.hexdigest()[:16]
