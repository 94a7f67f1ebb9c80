"""Facts: what an index also says of a shard, so that the two can be compared."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from raicl.common.cache.record import ClipRecord
from raicl.common.cache.seal import DamagedError
from raicl.common.cache.shards import SURVEY, Shard
from raicl.common.quality import Quality


class Facts(BaseModel):
    """A shard without its arrays, as one process tells another.

    Attributes
    ----------
    digest : of its content.
    frames : the numbers of its frames.
    size : side of its instances, px.
    quality : its numbers; None if it has none.
    base, fingerprint : what it is made of.
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    frames: tuple[int, ...]
    size: int
    quality: Quality | None
    base: str
    fingerprint: str

    @classmethod
    def of(cls, shard: Shard) -> Facts:
        """Those of a shard."""
        return cls(
            digest=shard.digest,
            frames=tuple(shard.frames.tolist()),
            size=shard.size,
            quality=shard.quality,
            base=shard.base,
            fingerprint=shard.fingerprint,
        )


def compare(record: ClipRecord, facts: Facts, size: int, where: str) -> None:
    """Compare a shard with what the index says of it.

    Parameters
    ----------
    size : of the index.

    Raises
    ------
    DamagedError : the shard is not the one that the index names.
    """
    reason = ""
    if facts.digest != record.digest:
        reason = "the shard has another digest than the index says"
    elif facts.frames != record.frames or facts.size != size:
        reason = "the shard holds other frames or another size than the index says"
    # less or nothing: the index is older than the shard
    elif record.quality is not None and not record.quality.within(facts.quality):
        reason = "the shard has another quality than the index says"
    if reason:
        raise DamagedError(f"{record.id}: {reason}", where=where, fix=SURVEY)
