"""Record: what the index of a cache says of a clip that was prepared."""

from __future__ import annotations

import dataclasses

from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard
from raicl.data.records import Footage
from raicl.preprocess.face.quality import quality_flags
from raicl.preprocess.fingerprint import Identity, shard_name


def describe_clip(footage: Footage, identity: Identity, shard: Shard) -> ClipRecord:
    """The entry of a clip, with the flags of its annotation, its sampling and its face."""
    sample = identity.sample
    flags = (*footage.clip.flags, *identity.flags, *sample.flags, *shard.flags)
    if shard.quality is not None:
        flags += quality_flags(shard.quality, shard.size)
    return ClipRecord(
        clip=dataclasses.replace(footage.clip, flags=flags),
        frames=tuple(shard.frames.tolist()),
        middle=sample.indices.index(sample.inference),
        n_frames=len(footage.frames),
        shard=shard_name(shard.base, shard.fingerprint),
        digest=shard.digest,
        untrained=tuple(
            row for row, index in enumerate(sample.indices) if index not in sample.frames
        ),
        quality=shard.quality,
    )
