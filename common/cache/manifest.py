"""Manifest: what an index says of its clips and of their making, as JSON with a type."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict

from raicl.common.cache.record import ClipRecord
from raicl.common.settings import SettingValue


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)  # unknown keys are ignored: a newer writer adds some


class Reason(_Values):
    """A clip that the cache does not hold, and why.

    Attributes
    ----------
    id : the clip's id.
    reason : why it is missing.
    """

    id: str
    reason: str


class CorrectedValue(_Values):
    """An annotated value that was replaced (see `raicl.data.records.Correction`).

    Attributes
    ----------
    id : the clip's id.
    field : which value.
    annotated : what the sheet says.
    used : what is used instead.
    reason : why.
    source : where the right value was found.
    """

    id: str
    field: str
    annotated: str
    used: str
    reason: str
    source: str


class PreparedDatabase(_Values):
    """A database as it was read: its release, the version of its sheet, the values replaced.

    Attributes
    ----------
    name : key of the database.
    layout : which release was read.
    sheet : version of the sheet, or variant of the recordings.
    corrections : the values replaced.
    """

    name: str
    layout: str
    sheet: str
    corrections: tuple[CorrectedValue, ...]


class Provenance(_Values):
    """What made a cache; empty where the writer does not say.

    Attributes
    ----------
    versions : installed versions by distribution, with Python's.
    source : commit of raicl's source; ``installed`` outside a checkout.
    """

    versions: dict[str, str] = {}
    source: str = ""
    databases: tuple[PreparedDatabase, ...] = ()


class Manifest(_Values):
    """The JSON of an index. Its version is that of the index (see `index_file`).

    Attributes
    ----------
    records : in the order of (dataset, subject, clip) that every reader will see.
    size : side S of the instances, px.
    settings : what made the instances; two caches with equal settings are comparable.
    skipped, failures : clips left out on purpose, and clips that could not be prepared.
    """

    records: tuple[ClipRecord, ...]
    size: int
    settings: dict[str, SettingValue]
    skipped: tuple[Reason, ...] = ()
    failures: tuple[Reason, ...] = ()
    provenance: Provenance = Provenance()

    def encode(self) -> bytes:
        """The bytes that an index holds: compact, sorted, equal for equal content."""
        values = self.model_dump(mode="json", exclude={"records"}) | {
            "records": [record.to_json() for record in self.records],
            "provenance": self.provenance.model_dump(exclude_unset=True),
        }
        return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, content: bytes) -> Manifest:
        """The inverse of `encode`.

        Raises
        ------
        ValueError : not JSON, or a value is missing or of another type.
        """
        return cls.model_validate_json(content, strict=True)
