"""Reader: the shards of one cache, with what was found of its files before."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from raicl.common.cache.facts import Facts, compare
from raicl.common.cache.limits import shard_bytes
from raicl.common.cache.manifest import Manifest
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.seal import Stamp, UnsealedError, check_whole, is_unsealed
from raicl.common.cache.shards import Shard, read_packed_shard, read_shard
from raicl.common.cache.trial import Trial
from raicl.common.errors import InputError

_trying = Lock()  # threads that read an old cache need one trial of it


class Reader:
    """Reads shards. A packed file is hashed once, and files without a seal are tried once.

    It can be sent to another process, which then knows the same.

    Parameters
    ----------
    path : the index.
    folder : of the shards; None if they are packed in the index.
    known : proofs for files that may be opened.
    """

    def __init__(
        self, path: Path, folder: Path | None, manifest: Manifest, known: set[Stamp | str]
    ) -> None:
        self.path = path
        self.folder = folder
        self.manifest = manifest
        self.known = known
        self._tried: dict[str, InputError | None] = {}  # by shard without a seal, what was wrong

    def read(self, record: ClipRecord) -> Shard:
        """Read and verify the instances of a clip; see `Cache.read`."""
        try:
            shard = self._read(record)
        except UnsealedError:
            self._try_out(record)
            shard = self._read(record)
        self._check(record, Facts.of(shard))
        return shard

    def look(self, record: ClipRecord, trial: Trial) -> None:
        """Have another process read and verify the instances of a clip; see `Cache.look`."""
        facts, _ = self._ask(record, trial)
        self._check(record, facts)

    def _read(self, record: ClipRecord) -> Shard:
        if self.folder is None:
            stamp = check_whole(self.path, "the packed cache", self.known)
            self.known.add(stamp)
            return read_packed_shard(self.path, stamp, record.shard, digest=record.digest)
        return read_shard(
            self.folder / record.shard,
            digest=record.digest,
            limit=self._limit(record),
            known=self.known,
        )

    def _limit(self, record: ClipRecord) -> int:
        return shard_bytes(len(record.frames), self.manifest.size)

    def _check(self, record: ClipRecord, facts: Facts) -> None:
        name = record.shard
        where = f"{self.path}:shards/{name}" if self.folder is None else str(self.folder / name)
        compare(record, facts, self.manifest.size, where)

    def _try_out(self, record: ClipRecord) -> None:
        """Have every shard without a seal read by another process, unless that was done.

        Raises
        ------
        InputError : what was wrong with the shard of `record`.
        """
        with _trying:
            if record.shard not in self._tried:
                with Trial() as trial:
                    for other in self._unsealed():
                        self._tried[other.shard] = self._try(other, trial)
        fault = self._tried.get(record.shard)
        if fault is not None:
            raise fault

    def _unsealed(self) -> list[ClipRecord]:
        records, folder = self.manifest.records, self.folder
        if folder is None:
            return list(records)
        there = [record for record in records if (folder / record.shard).is_file()]
        return [record for record in there if is_unsealed(folder / record.shard)]

    def _try(self, record: ClipRecord, trial: Trial) -> InputError | None:
        try:
            self.known |= self._ask(record, trial)[1]
        except InputError as error:
            return error
        return None

    def _ask(self, record: ClipRecord, trial: Trial) -> tuple[Facts, set[Stamp | str]]:
        if self.folder is None:
            return trial.packed(self.path, record.shard, self._limit(record))
        return trial.shard(self.folder / record.shard, self._limit(record))
