"""Records: the environment of a run and the record of a finished fold, as files hold them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, field_serializer

from raicl.common.cache.measure import Measure
from raicl.common.versioned import Versioned
from raicl.data.protocols.protocol import Protocol
from raicl.train.fold.calibration import Calibration
from raicl.train.inputs.scaling import Scale
from raicl.train.model.networks.own import NetworkSource


class CacheSource(BaseModel):
    """One cache of a run: where it was, its digest, and the side of its instances in px.

    Attributes
    ----------
    path : where it was.
    digest : digest of its instances.
    size : side of its instances, px.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    digest: str
    size: int


class Environment(Versioned):
    """The content of ``env.json``: the environment in which a run was started.

    Attributes
    ----------
    classes : class names, in the order of their indices.
    versions : installed versions by distribution, and Python's.
    git : commit of raicl's source. ``installed`` outside a checkout.
    gpus : names of the GPUs that torch saw.
    threads : threads that torch used.
    command : the command line.
    cache_digest : digest of all instances together.
    protocol : the protocol as it was when the run started.
    labels_digest : digest of the classes, of every clip's class, and of its side.
    tested : databases that are only tested.
    network_source : where one's own network came from. None for a network of raicl.
    measure : what the numbers of the flow mean. Before it was recorded, all flow was raicl's own.
    settings_digest : SHA-256 of the file of settings beside it. Empty before it was recorded.
    """

    sealed: ClassVar[bool] = True

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
    network_source: NetworkSource | None = None
    measure: Measure = Measure()
    settings_digest: str = ""

    @field_serializer("protocol")
    def _as_short_as_its_file(self, protocol: Protocol) -> dict[str, object]:
        return protocol.model_dump(mode="json", exclude_defaults=True)


class FoldRecord(Versioned):
    """The content of ``done.json``, whose presence says that the fold is finished.

    Attributes
    ----------
    epochs : trained epochs.
    device : what it was trained on.
    held_out : name of the fold.
    fold : row of the fold, see `raicl.train.clips.folds.Fold`.
    seed : the run's seed plus the row.
    clips, correct : number of tested clips, and of those given their true class.
    scale : the numbers that inputs were divided by.
    network : which of the two networks was tested.
    class_counts : number of training clips by class.
    seconds : duration of all epochs, whenever they were trained, and of testing. Those of the
        calibration are among them.
    digests : SHA-256 of the fold's files, by name.
    calibration : the temperature of the probabilities. None if they are not calibrated.
    """

    sealed: ClassVar[bool] = True

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
    calibration: Calibration | None = None
