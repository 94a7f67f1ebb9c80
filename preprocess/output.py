"""Output: what an index records besides its clips, and which existing output may be replaced."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from raicl.common.cache.flows import Cache, read_index, shards_folder
from raicl.common.cache.manifest import (
    CorrectedValue,
    PreparedDatabase,
    Provenance,
)
from raicl.common.errors import ConflictError, InputError, VersionError
from raicl.common.provenance import git_state, versions
from raicl.common.sampling.sample import describe_sampling
from raicl.common.settings import SettingValue
from raicl.common.terminal.console import say
from raicl.common.terminal.wording import counted
from raicl.data.database import edition
from raicl.data.records import Correction, Database
from raicl.preprocess.fingerprint import making
from raicl.preprocess.sampling import describe_errors
from raicl.preprocess.settings import PrepSettings

_PACKAGES = ("raicl", "numpy", "opencv-contrib-python", "dlib-bin", "h5py")


def index_settings(settings: PrepSettings) -> dict[str, SettingValue]:
    """What made the instances and chose the frames; comparable caches have equal values."""
    values = making(settings) | describe_sampling(settings.sampling, settings)
    # without effect it is left out, so that caches from before the setting stay comparable
    if settings.short != "use":
        values["short"] = settings.short
    return values | describe_errors(settings)


def provenance(database: Database) -> Provenance:
    """Versions, source and database. No time and no path, so that equal inputs give equal bytes."""
    return Provenance(
        versions=versions(_PACKAGES),
        source=git_state(),
        databases=tuple(
            PreparedDatabase(
                name=part.name,
                layout=part.layout,
                sheet=part.sheet,
                corrections=tuple(map(_corrected, part.corrections)),
            )
            for part in database.parts
        ),
    )


def _corrected(row: Correction) -> CorrectedValue:
    return CorrectedValue(**dataclasses.asdict(row))


def check_place(out: Path) -> None:
    """Check that a cache can be written to `out`, before anything is read or computed.

    Raises
    ------
    ConflictError : `out` is a folder, or there is a file in place of the shards' folder.
    InputError : the parent folder of `out` does not exist.
    """
    if out.is_dir():
        raise ConflictError(
            "the output is a folder", where=str(out), fix=f"give a file: --out {out / 'flows.h5'}"
        )
    if not out.parent.is_dir():
        raise InputError(
            "the output folder does not exist",
            where=str(out.parent),
            fix="create it, or choose another --out",
        )
    if shards_folder(out).is_file():
        raise ConflictError(
            "a file lies where the shards go",
            where=str(shards_folder(out)),
            fix="move it away, or choose another --out",
        )


def refuse_conflict(out: Path, settings: PrepSettings, database: Database) -> None:
    """Refuse to replace an output, unless it holds only clips that this run gives as well.

    Raises
    ------
    ConflictError : the output is no cache, or it was made with other settings, from another variant
        or version of the sheet, or with other corrections of the same clips. Or it holds clips that
        are not in `database`.
    """
    if not out.exists():
        return
    try:
        existing = read_index(out)  # missing shards are no conflict, they are computed again
    except InputError as error:
        if shards_folder(out).is_dir() and not isinstance(error, VersionError):
            say(f"note: {out} is unusable ({error.what}) and is made again from its shards")
            return
        raise ConflictError(
            f"the output exists and is no cache: {error.what}",
            where=str(out),
            fix="choose another --out, or replace it with --overwrite",
        ) from error
    _refuse_other_settings(existing, settings)
    _refuse_other_edition(existing, database)
    _refuse_other_corrections(existing, database)
    clips = {item.clip.id for item in database.footage}
    lost = [record.id for record in existing.records if record.id not in clips]
    if lost:
        raise ConflictError(
            f"the output holds {counted(len(lost), 'clip')} that this run would drop, "
            f"first {lost[0]}",
            where=str(out),
            fix="choose another --out, or shrink it with --overwrite",
        )


def _refuse_other_edition(existing: Cache, database: Database) -> None:
    """Refuse another variant (SMIC) or sheet (CASME II), whose clips may have the same ids."""
    ours = {item.clip.dataset: item.clip.sheet for item in database.footage}
    for clip in (record.clip for record in existing.records):
        sheet = ours.get(clip.dataset, clip.sheet)
        if sheet != clip.sheet:
            held, read = (edition(clip.dataset, s) or "no version" for s in (clip.sheet, sheet))
            raise ConflictError(
                f"the output holds {clip.dataset}, {held}; this run reads {read}",
                where=str(existing.path),
                fix="choose another --out, or replace it with --overwrite",
            )


def _refuse_other_corrections(existing: Cache, database: Database) -> None:
    """Refuse other corrections, which may move an onset but change no id, setting or edition."""
    made_of = existing.manifest.provenance.databases
    if not made_of:  # the writer did not say: nothing to compare
        return
    before = _replaced(existing, (row for part in made_of for row in part.corrections))
    after = _replaced(existing, (row for part in database.parts for row in part.corrections))
    differing = sorted(key for key in before | after if before.get(key) != after.get(key))
    if differing:
        clip, field, annotated = differing[0]
        was, now = (rows.get(differing[0], annotated) for rows in (before, after))
        raise ConflictError(
            f"the output was made with other corrections: {clip}, {field} was {was}, now {now}",
            where=str(existing.path),
            fix="choose another --out, or replace it with --overwrite",
        )


def _replaced(
    existing: Cache, rows: Iterable[Correction | CorrectedValue]
) -> dict[tuple[str, str, str], str]:
    """The value used, by clip, field and annotated value, for the clips that `existing` holds."""
    ids = {record.id for record in existing.records}
    return {(row.id, row.field, row.annotated): row.used for row in rows if row.id in ids}


def _refuse_other_settings(existing: Cache, settings: PrepSettings) -> None:
    ours = index_settings(settings)
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
