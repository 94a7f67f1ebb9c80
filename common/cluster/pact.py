"""Pact: the versions and the files that the caller and every worker must have in common."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.errors import InputError, SetupError
from raicl.common.provenance import source_digest, versions

# whatever results depend on in either stage, and what carries the tasks
_PACKAGES = (
    *("raicl", "numpy", "h5py", "torch", "torchvision", "safetensors"),
    *("opencv-contrib-python", "opencv-contrib-python-headless", "dlib-bin", "dlib", "numba"),
    *("joblib", "cloudpickle", "dask", "distributed"),
)
# bytes that are compared: an index has less, a packed cache may have far more
_HEAD = 1 << 20


@dataclass(frozen=True)
class Pact:
    """What must be the same everywhere.

    Attributes
    ----------
    versions : by distribution, Python's, and the digest of raicl's source.
    files : digest of the beginning and the size of each file, by absolute path.
    """

    versions: dict[str, str]
    files: dict[str, str]


def make_pact(files: Sequence[Path]) -> Pact:
    """The pact as it is here.

    Raises
    ------
    InputError : a file cannot be read.
    """
    try:
        return Pact(_versions(), {str(path.absolute()): _glance(path) for path in files})
    except OSError as error:
        raise InputError(
            f"cannot read what the workers are to see: {error.strerror}", where=str(error.filename)
        ) from error


def check_pact(pact: Pact, worker: str) -> None:
    """Check that this process sees the same files and has the same versions.

    Parameters
    ----------
    worker : this worker in words.

    Raises
    ------
    InputError : a file is missing here or is another one.
    SetupError : a version differs.
    """
    here = _versions()
    differing = [
        f"{name} {here.get(name, 'absent')} instead of {version}"
        for name, version in pact.versions.items()
        if here.get(name) != version
    ]
    if differing:
        raise SetupError(
            f"a worker has other versions: {', '.join(differing)}",
            where=worker,
            fix="start the workers from the environment of this command, or a copy of it",
        )
    for path, digest in pact.files.items():
        try:
            same = _glance(Path(path)) == digest
        except OSError as error:
            raise _unshared(f"cannot see it: {error.strerror}", path, worker) from error
        if not same:
            raise _unshared("sees another file there", path, worker)


def _unshared(what: str, path: str, worker: str) -> InputError:
    return InputError(
        f"a worker {what}",
        where=f"{path} on {worker}",
        fix="put it on storage that all machines mount under the same path",
    )


def _versions() -> dict[str, str]:
    return {**versions(_PACKAGES), "source of raicl": source_digest()[:12]}


def _glance(path: Path) -> str:
    with path.open("rb") as stream:
        return f"{hashlib.sha256(stream.read(_HEAD)).hexdigest()} {path.stat().st_size}"


def this_machine() -> str:
    """The name of this machine."""
    return platform.node()
