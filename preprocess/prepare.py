"""All clips of a database: cached ones stay, the rest runs in parallel, the index comes last."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from raicl.common.console import progress, say
from raicl.common.errors import (
    ConflictError,
    InputError,
    PartialError,
    RaiclError,
    ResourceError,
    SetupError,
    UsageError,
)
from raicl.common.files import lock, sweep
from raicl.common.flows import Cache, ClipRecord, open_cache, shards_folder, write_index
from raicl.common.parallel import WorkerDeath, run_all, stop_workers
from raicl.common.provenance import git_state, versions
from raicl.common.shards import Shard, read_shard, write_shard
from raicl.data.database import Database, Footage
from raicl.preprocess.fingerprint import Identity, identify, making
from raicl.preprocess.process import process_clip
from raicl.preprocess.sampling import middle_frames, middle_index
from raicl.preprocess.settings import PrepSettings

_PACKAGES = ("raicl", "numpy", "opencv-contrib-python", "dlib-bin", "h5py")


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one clip."""

    id: str
    status: Literal["computed", "cached", "failed"]
    seconds: float
    record: ClipRecord | None = None
    reason: str = ""


def prepare(
    database: Database,
    out: Path,
    settings: PrepSettings,
    *,
    jobs: int = 1,
    overwrite: bool = False,
) -> list[Row]:
    """Bring the cache `out` to hold every clip of `database`.

    Shards are committed one by one by the workers, so a killed run resumes at the next clip; the
    index is committed last and names the clips that failed with their reasons.

    Returns
    -------
    One row per clip, in the database's order.

    Raises
    ------
    ConflictError : `out` holds other settings or more clips, or another process writes it.
    PartialError : no clip could be prepared at all; no index is written.
    SetupError, ResourceError : the whole run cannot go on.
    """
    if out.resolve().is_relative_to(database.root.resolve()):
        raise UsageError(
            "--out lies inside the database, which is never written to",
            where=str(out),
            fix="choose a file outside " + str(database.root),
        )
    if not out.parent.is_dir():
        raise InputError("the output folder does not exist", where=str(out.parent))
    with lock(out.with_name(out.name + ".lock")):
        _refuse_other_cache(database, out, settings, overwrite)
        folder = shards_folder(out)
        folder.mkdir(exist_ok=True)
        sweep(folder)
        sweep(out.parent, out.name)
        rows = _process_all(database.footage, folder, settings, jobs)
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
            settings=_index_settings(settings),
            skipped=[dataclasses.asdict(row) for row in database.skipped],
            failures=[{"id": row.id, "reason": row.reason} for row in rows if row.reason],
            provenance=_provenance(database),
        )
    return rows


def select(
    database: Database, *, subjects: Sequence[str] | None = None, limit: int | None = None
) -> Database:
    """The part of a database for a small trial.

    Raises
    ------
    UsageError : a subject the database does not have.
    InputError : no clip is left.
    """
    footage = database.footage
    if subjects is not None:
        known = {item.clip.subject for item in footage}
        unknown = [subject for subject in subjects if subject not in known]
        if unknown:
            raise UsageError(
                f"no subject {unknown[0]!r} with clips in {database.name}",
                fix="one of " + ", ".join(sorted(known)),
            )
        footage = tuple(item for item in footage if item.clip.subject in subjects)
    footage = footage[:limit]
    if not footage:
        raise InputError(
            f"no usable clip in {database.name}",
            where=str(database.root),
            fix="see why with --dry-run",
        )
    return dataclasses.replace(database, footage=footage)


def _index_settings(settings: PrepSettings) -> dict[str, object]:
    return making(settings) | {"n_frames": settings.n_frames, "sampling": "middle"}


def _provenance(database: Database) -> dict[str, object]:
    # no time and no path: the same inputs must give the same bytes
    return {
        "versions": versions(_PACKAGES),
        "source": git_state(),
        "database": database.name,
        "layout": database.layout,
        "sheet": database.sheet,
        "corrections": [dataclasses.asdict(row) for row in database.corrections],
    }


def _refuse_other_cache(
    database: Database, out: Path, settings: PrepSettings, overwrite: bool
) -> None:
    if overwrite or not out.exists():
        return
    try:
        existing = open_cache(out)
    except InputError as error:
        if shards_folder(out).is_dir() and out.is_file():
            say(f"note: {out} is unusable ({error.what}) and is made anew from its shards")
            return
        raise ConflictError(
            f"the output exists and is no cache: {error.what}",
            where=str(out),
            fix="choose another --out, or replace it with --overwrite",
        ) from error
    _refuse_other_settings(existing, settings)
    wanted = {footage.clip.id for footage in database.footage}
    lost = [record.id for record in existing.records if record.id not in wanted]
    if lost:
        raise ConflictError(
            f"the output holds {len(lost)} clips that this run would drop, first {lost[0]}",
            where=str(out),
            fix="choose another --out, or shrink it with --overwrite",
        )


def _refuse_other_settings(existing: Cache, settings: PrepSettings) -> None:
    ours = _index_settings(settings)
    differing = sorted(
        key for key in ours | existing.settings if ours.get(key) != existing.settings.get(key)
    )
    if differing:
        key = differing[0]
        raise ConflictError(
            f"the output was made with other settings: {', '.join(differing)} "
            f"({key} was {existing.settings.get(key)}, now {ours.get(key)})",
            where=str(existing.path),
            fix="choose another --out, or --overwrite (instances that still fit are reused)",
        )


def _process_all(
    footage: Sequence[Footage], folder: Path, settings: PrepSettings, jobs: int
) -> list[Row]:
    """Look at every clip first, cheaply; then compute what is missing, in parallel."""
    rows: dict[int, Row] = {}
    work = partial(_process, folder=folder, settings=settings)
    look = partial(_look_up, folder=folder, settings=settings)
    for index, item in enumerate(footage):
        found = look(item)
        if found is not None:
            rows[index] = found
    missing = [index for index in range(len(footage)) if index not in rows]
    say(f"{len(rows)} clips cached or unreadable, {len(missing)} to compute with {jobs} jobs")
    if missing:
        with progress(len(missing), "clips") as shown:
            try:
                units = [footage[index] for index in missing]
                for position, row in run_all(work, units, jobs=jobs):
                    index = missing[position]
                    if isinstance(row, WorkerDeath):
                        row = _failed(
                            footage[index], "its worker process died, twice", time.monotonic()
                        )
                    rows[index] = row
                    shown.advance(note=row.id)
                    if row.reason:
                        say(f"failed: {row.id}: {row.reason}")
            except BaseException:
                stop_workers()
                raise
    return [rows[index] for index in range(len(footage))]


def _look_up(footage: Footage, *, folder: Path, settings: PrepSettings) -> Row | None:
    """The row of a clip whose shard is there and whole, or whose frames cannot be read."""
    started = time.monotonic()
    try:
        identity = identify(footage, settings)
    except InputError as error:
        return _failed(footage, str(error), started)
    path = folder / identity.shard
    if not path.is_file():
        return None
    try:
        shard = read_shard(path)
    except InputError as error:
        say(f"note: {footage.clip.id} is computed again: {error}")
        path.unlink()
        return None
    return _row(footage, identity, shard, "cached", started, settings.n_frames)


def _process(footage: Footage, *, folder: Path, settings: PrepSettings) -> Row:
    """One clip in a worker; commits its shard. Whatever is wrong with it costs this clip alone."""
    started = time.monotonic()
    try:
        identity = identify(footage, settings)
        shard = process_clip(footage, identity, settings, _older(folder, identity))
        write_shard(folder / identity.shard, shard)
    except (SetupError, ResourceError, MemoryError):
        raise  # no other clip would fare better
    except RaiclError as error:
        return _failed(footage, str(error), started)
    except Exception as error:  # native libraries raise what they like; the reason is kept
        return _failed(footage, f"{type(error).__name__}: {error}", started)
    return _row(footage, identity, shard, "computed", started, settings.n_frames)


def _older(folder: Path, identity: Identity) -> list[Shard]:
    """Whole shards of the same clip and making, with other frames."""
    shards = []
    for path in sorted(folder.glob(f"{identity.base[:24]}-*.h5")):
        try:
            shards.append(read_shard(path))
        except InputError as error:
            say(f"note: nothing is reused from a damaged shard: {error}")
    return shards


def _failed(footage: Footage, reason: str, started: float) -> Row:
    seconds = time.monotonic() - started
    return Row(id=footage.clip.id, status="failed", seconds=seconds, reason=reason)


def _row(
    footage: Footage,
    identity: Identity,
    shard: Shard,
    status: Literal["computed", "cached"],
    started: float,
    n_instances: int,
) -> Row:
    n_frames = len(footage.frames)
    indices = middle_frames(n_frames, len(identity.frames))
    short = ("short-clip",) if len(indices) < n_instances else ()
    clip = dataclasses.replace(footage.clip, flags=(*footage.clip.flags, *short, *shard.flags))
    record = ClipRecord(
        clip=clip,
        frames=tuple(shard.frames.tolist()),
        middle=indices.index(middle_index(n_frames)),
        n_frames=n_frames,
        shard=identity.shard,
        digest=shard.digest,
    )
    seconds = time.monotonic() - started
    return Row(id=clip.id, status=status, seconds=seconds, record=record)
