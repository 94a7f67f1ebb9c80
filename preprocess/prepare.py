"""Prepare a database: keep cached clips, compute the others in parallel, write the index last."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from raicl.common.cache.flows import shards_folder, write_index
from raicl.common.cache.holding import hold_output
from raicl.common.cache.manifest import Reason
from raicl.common.cache.older import seal_shards
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard
from raicl.common.cluster.client import Cluster, connected
from raicl.common.errors import (
    InputError,
    PartialError,
    RaiclError,
    ResourceError,
    SetupError,
    UsageError,
)
from raicl.common.parallel import run_all
from raicl.common.resources import shortage, tells_of_memory
from raicl.common.share import Share
from raicl.common.terminal.console import say
from raicl.common.terminal.progress import progress
from raicl.common.terminal.wording import counted, printable
from raicl.common.worker_death import WorkerDeath
from raicl.data.records import Database, Footage
from raicl.preprocess.annotation_error import check_misplaced
from raicl.preprocess.fingerprint import Identity, identify
from raicl.preprocess.flow.engine import Engine, compute_flow, warm_up
from raicl.preprocess.output import index_settings, provenance, refuse_conflict
from raicl.preprocess.record import describe_clip
from raicl.preprocess.sampling import is_skipped
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.shelf import Shelf
from raicl.preprocess.stored import find_or_make

Status = Literal["computed", "reused", "cached", "skipped", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, kw_only=True)
class ClipResult:
    """The result for one clip.

    Attributes
    ----------
    status : ``reused`` means that all its instances were in shards of other samplings, or in one
        of an older raicl, whose face was looked at again.
    record : entry of the clip in the index; None for a skipped or failed clip.
    reason : why the clip was skipped or failed.
    notes : what was wrong with shards that were there.
    """

    id: str
    status: Status
    seconds: float
    record: ClipRecord | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()


def prepare(
    database: Database,
    out: Path,
    settings: PrepSettings,
    *,
    jobs: int = 1,
    overwrite: bool = False,
    clip_minutes: float | None = None,
    share: Share | None = None,
    cluster: str | None = None,
    flow: Engine = compute_flow,
) -> list[ClipResult]:
    """Write the cache `out` with every clip of `database`.

    The workers write shards one by one, so a killed run resumes at the next clip. The index is
    written last and names the clips that failed with their reasons.

    Parameters
    ----------
    database : clips with onsets and offsets moved as in `settings` (see `misplace`).
    clip_minutes : time limit for one clip. A worker that exceeds it is stopped and the clip fails.
    share : the part of the clips to process. Their shards are written, and no index: a call without
        a share finds all shards and writes it.
    cluster : address of the scheduler whose workers process the clips, in place of `jobs`
        processes here. They must see the database and the output.
    flow : computes the flow of a clip, in its worker.

    Returns
    -------
    One row per clip of the share, in the database's order.

    Raises
    ------
    UsageError : `out` is inside the database.
    ConflictError : `out` has other settings or more clips, or another process is writing it.
    PartialError : no clip could be prepared; no index is written.
    SetupError, ResourceError : the whole run cannot continue.
    """
    check_misplaced(database, settings)
    for part in database.parts:
        if out.resolve().is_relative_to(part.root.resolve()):
            raise UsageError(
                "--out is inside the database, which is never written to",
                where=str(out),
                fix="choose a file outside " + str(part.root),
            )
    footage = database.footage if share is None else share.of(database.footage)
    with hold_output(out, share):
        if not overwrite:
            refuse_conflict(out, settings, database)
        folder = shards_folder(out)
        folder.mkdir(exist_ok=True)
        if sealed := seal_shards(folder):
            say(f"note: {counted(sealed, 'shard')} of an older raicl got a seal")
        work = partial(_process, shelf=Shelf.of(folder.absolute()), settings=settings, flow=flow)
        there = counted(sum(1 for _ in folder.glob("*.h5")), "shard")
        where = counted(jobs, "job") if cluster is None else cluster
        say(f"{counted(len(footage), 'clip')}, {there} there, {where}")
        seen = [part.footage[0].frames[0].path for part in database.parts if part.footage]
        with connected(cluster, beside=folder, files=seen) as workers:
            if workers is None:
                warm_up(settings)
            rows = _process_all(footage, work, jobs, clip_minutes, workers)
        if share is not None:
            return rows
        records = [row.record for row in rows if row.record is not None]
        if not records:
            raise PartialError(
                f"none of {len(rows)} clips could be prepared; the first: {rows[0].reason}",
                where=rows[0].id,
                fix="try one clip with --limit 1 --debug",
            )
        write_index(
            out,
            records,
            size=settings.size,
            settings=index_settings(settings),
            skipped=[
                *(Reason(id=row.id, reason=printable(row.reason)) for row in database.skipped),
                *_reasons(rows, "skipped"),
            ],
            failures=_reasons(rows, "failed"),
            provenance=provenance(database),
        )
    return rows


def _reasons(rows: Sequence[ClipResult], status: str) -> list[Reason]:
    """Reasons as an index holds them. A file's name in one may be anything, JSON is Unicode."""
    return [Reason(id=row.id, reason=printable(row.reason)) for row in rows if row.status == status]


def _process_all(
    footage: Sequence[Footage],
    work: Callable[[Footage], ClipResult],
    jobs: int,
    clip_minutes: float | None,
    cluster: Cluster | None,
) -> list[ClipResult]:
    """Process every clip in a worker, which reads its frames and finds or computes its shard."""
    rows: dict[int, ClipResult] = {}
    with progress(len(footage), "clips") as shown:
        running = run_all(work, footage, jobs=jobs, minutes=clip_minutes, cluster=cluster)
        with closing(running) as found:  # an error here ends the workers that are busy
            for index, row in found:
                if isinstance(row, WorkerDeath):
                    reason = "its worker process died each time"
                    if clip_minutes is not None:
                        reason += f" (or took more than {clip_minutes:g} min)"
                    row = _failed(footage[index], reason, time.monotonic())
                rows[index] = row
                shown.advance(note=row.id)
                for note in row.notes:
                    say(f"note: {row.id}: {note}")
                if row.status == "failed":
                    say(f"failed: {row.id}: {row.reason}")
    return [rows[index] for index in range(len(footage))]


def _process(footage: Footage, *, shelf: Shelf, settings: PrepSettings, flow: Engine) -> ClipResult:
    """Process one clip in a worker and write its shard. An error fails only this clip."""
    notes: list[str] = []  # kept for a clip that fails, too
    result = _attempt(footage, shelf, settings, flow, notes)
    return dataclasses.replace(result, notes=tuple(notes))


def _attempt(
    footage: Footage, shelf: Shelf, settings: PrepSettings, flow: Engine, notes: list[str]
) -> ClipResult:
    started = time.monotonic()
    try:
        identity = identify(footage, settings)
        status, shard = find_or_make(identity, shelf, settings, flow, notes)
    except (SetupError, ResourceError, MemoryError):
        raise  # every other clip would fail too
    except Exception as error:  # native libraries raise any exception; the reason is kept
        short = shortage(error)
        if short is not None and not tells_of_memory(error):  # one large frame may take it all
            raise short from error
        reason = str(error) if isinstance(error, RaiclError) else f"{type(error).__name__}: {error}"
        failed = _failed(footage, reason, started)
        skip = isinstance(error, InputError) and is_skipped(error, settings)
        return dataclasses.replace(failed, status="skipped") if skip else failed
    return _row(footage, identity, shard, status, started)


def _failed(footage: Footage, reason: str, started: float) -> ClipResult:
    seconds = time.monotonic() - started
    return ClipResult(id=footage.clip.id, status="failed", seconds=seconds, reason=reason)


def _row(
    footage: Footage,
    identity: Identity,
    shard: Shard,
    status: Status,
    started: float,
) -> ClipResult:
    record = describe_clip(footage, identity, shard)
    seconds = time.monotonic() - started
    return ClipResult(id=record.id, status=status, seconds=seconds, record=record)
