"""Command: what ``raicl-prep`` does with a database after its options are checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from raicl.common.errors import UsageError
from raicl.common.share import Share
from raicl.common.terminal import console
from raicl.data.parts import part_of
from raicl.data.protocols.audit_table import audit_table
from raicl.preprocess.annotation_error import misplace
from raicl.preprocess.output import check_place
from raicl.preprocess.prepare import prepare
from raicl.preprocess.report import check_failures, report, report_share
from raicl.preprocess.sampling import foresee, outlook_table
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.source import audit_source, open_source, refuse_contradictions


def run(
    dataset: str,
    out: Path | None,
    settings: PrepSettings,
    *,
    root: Path | None,
    roots: Mapping[str, Path | None],
    annotations: Path | None,
    correct: bool,
    variant: str | None,
    subjects: str | None,
    limit: int | None,
    strict: bool,
    dry_run: bool,
    seed: int,
    jobs: int,
    overwrite: bool,
    clip_minutes: float,
    max_failures: int,
    share: Share | None = None,
    cluster: str | None = None,
    as_json: bool,
) -> None:
    """Audit a database, and write its cache unless this is a dry run.

    Raises
    ------
    UsageError, InputError : see `open_source`, `part_of` and `refuse_contradictions`.
    ConflictError : see `prepare`.
    PartialError : more clips failed than `max_failures`.
    """
    if out is not None:
        check_place(out)
    names = None if subjects is None else [name.strip() for name in subjects.split(",")]
    part = names is not None or limit is not None
    if strict and part:
        raise UsageError("--strict needs a whole database", fix="leave out --subjects and --limit")
    with open_source(
        dataset,
        root=root,
        roots=roots,
        annotations=annotations,
        correct=correct,
        variant=variant,
        seed=seed,
    ) as whole:
        database = part_of(whole, subjects=names, limit=limit)
        found = audit_source(database, part=part)  # as annotated
        database = misplace(
            database, onset_error=settings.onset_error, offset_error=settings.offset_error
        )
        outlook = foresee(database.footage, settings)
        table = f"{audit_table(found, brief=not strict)}\n{outlook_table(outlook)}"
        if out is None or dry_run:
            values = {**found, "sampling": outlook}
            console.result(json.dumps(values, indent=2) if as_json else table)
        else:
            console.say(table)
        if strict:
            refuse_contradictions(database, found)
        if out is None or dry_run:
            return
        rows = prepare(
            database,
            out,
            settings,
            jobs=jobs,
            overwrite=overwrite,
            clip_minutes=clip_minutes,
            share=share,
            cluster=cluster,
        )
    if share is None:
        report(rows, out, as_json=as_json)
    else:
        report_share(rows, out, share, as_json=as_json)
    check_failures(rows, max_failures)
