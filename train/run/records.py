"""Records: what a run says of its making, and what a fold says of its end, as files hold it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_serializer

from raicl.common.versioned import Versioned
from raicl.data.protocols.protocol import Protocol
from raicl.train.inputs.scaling import Scale


class CacheSource(BaseModel):
    """One cache of a run: where it was, its digest, and the side of its instances in px."""

    model_config = ConfigDict(frozen=True)

    path: str
    digest: str
    size: int


class Environment(Versioned):
    """The content of ``env.json``: what a run was begun with.

    Attributes
    ----------
    versions : installed versions by distribution, with Python's.
    git : commit of raicl's source; ``installed`` outside a checkout.
    gpus : names of the GPUs that torch saw.
    threads : threads that torch used.
    command : the command line.
    cache_digest : digest of all instances together.
    protocol : as it was when the run began.
    labels_digest : digest of every clip's class.
    tested : databases that are tested and not trained on.
    """

    versions: dict[str, str]
    git: str
    gpus: tuple[str, ...]
    threads: int
    command: tuple[str, ...]
    cache_digest: str
    caches: tuple[CacheSource, ...]
    protocol: Protocol
    classes: tuple[str, ...]
    labels_digest: str
    tested: tuple[str, ...]

    @field_serializer("protocol")
    def _as_short_as_its_file(self, protocol: Protocol) -> dict[str, object]:
        return protocol.model_dump(mode="json", exclude_defaults=True)


class FoldRecord(Versioned):
    """The content of ``done.json``, whose presence says that the fold is finished.

    Attributes
    ----------
    held_out : name of the fold; fold : its row among all of the run.
    seed : the run's seed plus the row.
    clips, correct : tested clips, and those given their true class.
    scale : what the inputs were divided by.
    network : which of the two networks was tested.
    class_counts : training clips by class.
    seconds : of all epochs, whenever they were trained, and of testing.
    digests : SHA-256 by name of the fold's files.
    """

    held_out: str
    fold: int
    epochs: int
    seed: int
    clips: int
    correct: int
    scale: Scale
    network: str
    class_counts: tuple[int, ...]
    seconds: float
    device: str
    digests: dict[str, str]
