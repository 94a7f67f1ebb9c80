"""Opening: the index of a cache, by another process first where it may not be safe to open."""

from __future__ import annotations

from pathlib import Path

from raicl.common.cache.index_file import OpenedIndex, open_index
from raicl.common.cache.limits import MANIFEST_AT_ONCE
from raicl.common.cache.seal import DamagedError, UnsealedError
from raicl.common.cache.trial import Trial
from raicl.common.errors import InputError


def open_safely(path: Path) -> OpenedIndex:
    """Open an index; one without a seal, or with a large manifest, in another process first.

    Raises
    ------
    HeldError : another program has it open for writing.
    InputError : it is no index, is damaged or has a newer version, or its manifest is too large.
    """
    with Trial() as trial:
        try:
            index = open_index(path)
        except UnsealedError:
            return open_index(path, trial.index(path))
        if len(index.content) > MANIFEST_AT_ONCE:
            try:
                trial.index(path)
            except DamagedError as error:  # it is whole
                reason = "the manifest cannot be decoded in the memory that it may take"
                fix = "make several caches; commands take them together"
                raise InputError(reason, where=str(path), fix=fix) from error
    return index


def read_manifest(path: Path) -> bytes:
    """The bytes of a cache's manifest.

    Raises
    ------
    HeldError, InputError : see `open_safely`.
    """
    return open_safely(path).content
