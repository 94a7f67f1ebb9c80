"""raicl-prep: raw clips to a cache of instances."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raicl.common.errors import PartialError, UsageError
from raicl.common.parallel import resolve_jobs
from raicl.common.settings import environment, merge, read_toml, with_settings
from raicl.common.terminal import console
from raicl.common.terminal.misuse import run
from raicl.common.terminal.version import print_version
from raicl.common.terminal.wording import counted
from raicl.data.database import DATABASES
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.source import (
    audit_source,
    open_source,
    refuse_contradictions,
    refuse_input,
)

if TYPE_CHECKING:  # it loads numpy and OpenCV, which would slow down --help
    from raicl.preprocess.prepare import ClipResult

_HELP = """Align faces and compute TV-L1 flow and strain of the clips' frames, once for all runs.

Examples:

  raicl-prep casme2 --out flows.h5

  raicl-prep folder --root my_clips --out mine.h5 --jobs 8

  raicl-prep cde --root-casme2 A --root-samm B --root-smic C --out cde.h5

cde is casme2, samm and smic in one cache. `raicl doctor` checks the installation.
"""


@with_settings(PrepSettings)
def prep(
    dataset: Annotated[str, typer.Argument(help=", ".join(DATABASES) + " or cde.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The cache to write.", rich_help_panel="Output"),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(help="Folder of the database.", rich_help_panel="Input"),
    ] = None,
    root_casme2: Annotated[
        Path | None,
        typer.Option(help="Folder of CASME II, for cde.", rich_help_panel="Input"),
    ] = None,
    root_samm: Annotated[
        Path | None, typer.Option(help="Folder of SAMM, for cde.", rich_help_panel="Input")
    ] = None,
    root_smic: Annotated[
        Path | None, typer.Option(help="Folder of SMIC, for cde.", rich_help_panel="Input")
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option(help="Variant of SMIC: hs, vis, nir or e-hs.", rich_help_panel="Input"),
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="Annotation sheet (.xlsx, .csv).", rich_help_panel="Input")
    ] = None,
    corrections: Annotated[
        bool, typer.Option(help="Apply the listed corrections.", rich_help_panel="Input")
    ] = True,
    subjects: Annotated[
        str | None,
        typer.Option(help="Only these subjects, e.g. sub01,sub05.", rich_help_panel="Input"),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            help="Only the first K clips of each database.", min=1, rich_help_panel="Input"
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Stop unless counts are the published ones.", rich_help_panel="Input"
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Audit without reading pixels.", rich_help_panel="Output"),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace a cache that differs.", rich_help_panel="Output"),
    ] = False,
    max_failures: Annotated[
        int, typer.Option(help="Failed clips tolerated.", min=0, rich_help_panel="Output")
    ] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", help="Processes; -1 uses all cores.", rich_help_panel="Compute"
        ),
    ] = None,
    clip_minutes: Annotated[
        float,
        typer.Option(
            help="A clip that takes longer fails (only with several jobs).",
            min=0.01,
            rich_help_panel="Compute",
        ),
    ] = 30,
    seed: Annotated[
        int, typer.Option(help="Seed of the synthetic database.", min=0, rich_help_panel="Input")
    ] = 0,
    config: Annotated[
        Path | None, typer.Option(help="TOML file of settings.", rich_help_panel="Input")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON.", rich_help_panel="Logging")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No log.", rich_help_panel="Logging")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show traces.", rich_help_panel="Logging")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Show version."),
    ] = False,
    *,
    given: dict[str, object],
) -> None:
    """Turn raw clips into a cache of flow instances."""
    console.configure(quiet=quiet, debug=debug)
    settings = merge(
        PrepSettings,
        (str(config), read_toml(config) if config else {}),
        ("environment", environment(PrepSettings)),
        ("command line", given),
    )
    if out is None and not dry_run:
        raise UsageError("--out is missing", fix="name the cache to write: --out flows.h5")
    if out is not None:
        refuse_input(out, {"--annotations": annotations, "--config": config})
    from raicl.data.parts import part_of
    from raicl.data.protocols.audit_table import audit_table
    from raicl.preprocess.annotation_error import misplace
    from raicl.preprocess.output import check_place
    from raicl.preprocess.prepare import prepare
    from raicl.preprocess.sampling import foresee, outlook_table

    if out is not None:
        check_place(out)
    names = None if subjects is None else [name.strip() for name in subjects.split(",")]
    part = names is not None or limit is not None
    if strict and part:
        raise UsageError("--strict needs a whole database", fix="leave out --subjects and --limit")
    with open_source(
        dataset,
        root=root,
        roots={"casme2": root_casme2, "samm": root_samm, "smic": root_smic},
        annotations=annotations,
        correct=corrections,
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
            jobs=resolve_jobs(jobs),
            overwrite=overwrite,
            clip_minutes=clip_minutes,
        )
    _report(rows, out, as_json)
    failed = [row for row in rows if row.status == "failed"]
    if len(failed) > max_failures:
        raise PartialError(
            f"{len(failed)} of {len(rows)} clips failed; the cache holds the others",
            where=failed[0].id + ": " + failed[0].reason,
            fix="repair the clips and run the same command again, or use --max-failures",
        )


def _report(rows: list[ClipResult], out: Path, as_json: bool) -> None:
    from raicl.common.cache.flows import open_cache, shards_folder
    from raicl.data.protocols.protocol import OWN, PROTOCOLS, fitting_protocols
    from raicl.preprocess.prepare import STATUSES

    cache = open_cache(out)
    counts = Counter(row.status for row in rows)
    if as_json:
        table = [{"id": r.id, "status": r.status, "reason": r.reason} for r in rows]
        console.result(
            json.dumps({"out": str(out), "digest": cache.digest, "clips": table}, indent=2)
        )
        return
    for row in rows:
        if row.reason:
            console.say(f"{row.status:7} {row.id}  {row.reason}")
    flags = Counter(flag for record in cache.records for flag in record.clip.flags)
    statuses = ", ".join(
        f"{counts[status]} {status}"
        for status in STATUSES
        if counts[status] or status not in ("reused", "skipped")
    )
    seconds = sum(row.seconds for row in rows)
    console.result(
        f"{out}: {counted(len(cache.records), 'clip')} "
        f"({statuses}), "
        f"{counted(sum(len(record.frames) for record in cache.records), 'instance')}, "
        f"{cache.n_bytes / 1e6:.0f} MB in {shards_folder(out)}, {seconds:.0f} s of work"
    )
    if flags:
        console.result("flags: " + ", ".join(f"{n}x {flag}" for flag, n in sorted(flags.items())))
    first = next(iter(fitting_protocols(record.clip.dataset for record in cache.records)), OWN)
    if first == PROTOCOLS[0]:
        console.result(f"next: raicl-train {out} --fold all")
    else:
        console.result(f"next: raicl-train {out} --fold all --protocol {first}")


app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
app.command(help=_HELP)(prep)


def main() -> None:
    """Entry point of ``raicl-prep``."""
    console.launch(lambda: run(app))
