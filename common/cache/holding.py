"""Holding: who may write a cache. One command all of it, or several jobs one share each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from glob import escape
from pathlib import Path

from raicl.common.cache.flows import lock_of, shards_folder
from raicl.common.files import followed, sweep
from raicl.common.locking import lock
from raicl.common.share import Share

_SECONDS = 10.0  # ample: jobs that begin together hold the cache for a moment, one after another


@contextmanager
def hold_output(out: Path, share: Share | None) -> Iterator[None]:
    """Exclude other writers of the cache `out`, or of one share of its shards.

    What killed writers left is removed where nobody else can be writing. Nothing else is touched:
    it may still turn out that `out` must be left alone.

    Raises
    ------
    HeldError : another process writes the same.
    InputError : the folder cannot be written.
    """
    whole, index = lock_of(out), followed(out)
    with ExitStack() as held:
        if share is not None:
            with lock(whole, patience=_SECONDS):  # while nobody writes all of it
                name = f".{index.name}.share-{share.index}-of-{share.count}.lock"
                held.enter_context(lock(index.with_name(name)))
            yield
            return
        held.enter_context(lock(whole))
        shares = sorted(index.parent.glob(f".{escape(index.name)}.share-*.lock"))
        for path in shares:
            held.enter_context(lock(path))
        for path in shares:  # no job can take one of these before the whole is free again
            path.unlink()
        sweep(index.parent, index.name)
        sweep(shards_folder(out))
        held.callback(sweep, shards_folder(out))  # of workers that are killed from now on
        yield
