"""Reuse: a shard whose instances all lie in others of the same clip needs no face and no flow."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from raicl.common.cache.shards import Shard
from raicl.preprocess.fingerprint import Identity


def regroup(identity: Identity, older: Sequence[Shard]) -> Shard | None:
    """The shard that `identity` names, out of older ones, or None where an instance is missing.

    Parameters
    ----------
    older : shards with the same base: made alike from the same onset, hence with the same face.
    """
    found = {
        bytes(digest): (shard, row)
        for shard in older
        for row, digest in enumerate(shard.frame_digests)
    }
    wanted = [bytes.fromhex(digest) for digest in identity.digests]
    if not all(digest in found for digest in wanted):
        return None
    sources = [found[digest] for digest in wanted]
    heads = [shard.head_motion[row] for shard, row in sources if shard.head_motion is not None]
    return dataclasses.replace(
        older[0],
        instances=np.stack([shard.instances[row] for shard, row in sources]),
        # not the older numbers: files of the same bytes have one digest
        frames=np.array([frame.number for frame in identity.frames], np.int32),
        frame_digests=np.stack([shard.frame_digests[row] for shard, row in sources]),
        fingerprint=identity.fingerprint,
        head_motion=np.stack(heads) if heads else None,
    )
