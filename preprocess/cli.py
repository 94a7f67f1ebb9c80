"""raicl-prep: raw clips to a cache of instances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from raicl.common.errors import UsageError
from raicl.common.parallel import resolve_jobs
from raicl.common.settings import environment, merge, read_toml, with_settings
from raicl.common.terminal import console
from raicl.common.terminal.misuse import run
from raicl.common.terminal.version import print_version
from raicl.common.terminal.video_options import Face, Fps, Intervals, Offset, Onset
from raicl.common.video import DATASET
from raicl.data.database import DATABASES
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.source import (
    audit_source,
    open_source,
    refuse_contradictions,
    refuse_input,
)
from raicl.preprocess.video.options import Inputs, VideoOptions, check_use

_HELP = """Align faces and compute TV-L1 flow and strain of the clips' frames, once for all runs.

Examples:

  raicl-prep casme2 --out flows.h5

  raicl-prep folder --root my_clips --out mine.h5 --jobs 8

  raicl-prep cde --root-casme2 A --root-samm B --root-smic C --out cde.h5

  raicl-prep video --input smile.mp4 --onset 1.4s --offset 2.1s --out clips.h5

cde is casme2, samm and smic in one cache. `raicl doctor` checks the installation.
"""


@with_settings(PrepSettings)
def prep(
    dataset: Annotated[
        str,
        typer.Argument(help=", ".join(DATABASES) + ", cde, or video for own videos."),
    ],
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
    inputs: Inputs = None,
    onset: Onset = None,
    offset: Offset = None,
    intervals: Intervals = None,
    fps: Fps = None,
    face: Face = None,
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
    own = VideoOptions(
        inputs=inputs, onset=onset, offset=offset, intervals=intervals, fps=fps, face=face
    )
    of_databases = {
        **{"--root": root, "--root-casme2": root_casme2, "--root-samm": root_samm},
        **{"--root-smic": root_smic, "--variant": variant, "--annotations": annotations},
        **{"--subjects": subjects, "--limit": limit, "--strict": strict, "--seed": seed},
        **{"--dry-run": dry_run},
    }
    check_use(dataset, own, of_databases)
    if out is None and not dry_run:
        raise UsageError("--out is missing", fix="name the cache to write: --out flows.h5")
    if dataset == DATASET:
        assert out is not None  # own videos have no --dry-run
        from raicl.preprocess.video.command import run as prep_videos

        refuse_input(out, {"--intervals": intervals, "--config": config})
        prep_videos(
            own,
            out,
            settings,
            jobs=resolve_jobs(jobs),
            overwrite=overwrite,
            clip_minutes=clip_minutes,
            max_failures=max_failures,
            as_json=as_json,
        )
        return
    if out is not None:
        refuse_input(out, {"--annotations": annotations, "--config": config})
    from raicl.data.parts import part_of
    from raicl.data.protocols.audit_table import audit_table
    from raicl.preprocess.annotation_error import misplace
    from raicl.preprocess.output import check_place
    from raicl.preprocess.prepare import prepare
    from raicl.preprocess.report import check_failures, report
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
    report(rows, out, as_json=as_json)
    check_failures(rows, max_failures)


app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
app.command(help=_HELP)(prep)


def main() -> None:
    """Entry point of ``raicl-prep``."""
    console.launch(lambda: run(app))
