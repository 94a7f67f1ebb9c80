"""raicl-prep: raw clips to a cache of instances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raicl.common.cluster.address import checked_address
from raicl.common.errors import UsageError
from raicl.common.parallel import resolve_jobs
from raicl.common.resources import check_address_space
from raicl.common.settings import environment, flag_of, merge, read_toml, with_settings
from raicl.common.share import read_share
from raicl.common.terminal import console
from raicl.common.terminal.misuse import run
from raicl.common.terminal.spread_options import ClusterAddress, Shard, TrustNetwork
from raicl.common.terminal.version import print_version
from raicl.common.terminal.video_options import Face, Fps, Intervals, Offset, Onset
from raicl.common.video import DATASET
from raicl.data.database import DATABASES
from raicl.preprocess.importing.options import (
    IMPORT,
    Channels,
    Classes,
    Frame,
    ImportDatabase,
    ImportOptions,
    Unit,
    check_import,
)
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.source import refuse_input
from raicl.preprocess.video.options import Inputs, VideoOptions, check_use

_HELP = """Align faces and compute TV-L1 flow and strain of the clips' frames, once for all runs.

Examples:

  raicl-prep casme2 --out flows.h5

  raicl-prep folder --root my_clips --out mine.h5 --jobs 8

  raicl-prep cde --root-casme2 A --root-samm B --root-smic C --out cde.h5

  raicl-prep video --input smile.mp4 --onset 1.4s --offset 2.1s --out clips.h5

  raicl-prep import --root pictures --annotations clips.csv --out real.h5

cde is casme2, samm and smic in one cache. `raicl doctor` checks the installation.
"""


@with_settings(PrepSettings)
def prep(
    dataset: Annotated[
        str,
        typer.Argument(
            help=", ".join(DATABASES)
            + ", cde, video for own videos, or import for flow that was made elsewhere."
        ),
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
            "--jobs",
            "-j",
            help="Processes; -1 uses all cores. 1 stays in this process, which a crash in a clip "
            "would end. [dim]\\[default: one per physical core, at least 2][/dim]",
            rich_help_panel="Compute",
            show_default=False,
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
    of: ImportDatabase = None,
    channels: Channels = None,
    classes: Classes = None,
    unit: Unit = None,
    frame: Frame = None,
    shard: Shard = None,
    cluster: ClusterAddress = None,
    trust_network: TrustNetwork = False,
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
        **{"--dry-run": dry_run, "--shard": shard, "--cluster": cluster},
    }
    elsewhere = ImportOptions(
        database=of, channels=channels, classes=classes, unit=unit, frame=frame
    )
    of_frames = {
        **{k: v for k, v in of_databases.items() if k not in ("--root", "--annotations")},
        **{"--config": config, "--no-corrections": not corrections, "--jobs": jobs},
        **{"--max-failures": max_failures, **dict.fromkeys(map(flag_of, given), True)},
    }
    check_import(dataset, elsewhere, of_frames)
    check_use(dataset, own, of_databases)
    if out is None and not dry_run:
        raise UsageError("--out is missing", fix="name the cache to write: --out flows.h5")
    if dataset == IMPORT:
        assert out is not None  # it has no --dry-run
        from raicl.preprocess.importing.command import run as import_flows

        refuse_input(out, {"--annotations": annotations})
        import_flows(root, annotations, out, elsewhere, overwrite=overwrite, as_json=as_json)
        return
    if dataset == DATASET:
        assert out is not None  # own videos have no --dry-run
        from raicl.preprocess.video.command import run as prep_videos

        refuse_input(out, {"--intervals": intervals, "--config": config})
        prep_videos(
            own,
            out,
            settings,
            jobs=resolve_jobs(jobs, apart=True),
            overwrite=overwrite,
            clip_minutes=clip_minutes,
            max_failures=max_failures,
            as_json=as_json,
        )
        return
    if out is not None:
        refuse_input(out, {"--annotations": annotations, "--config": config})
    check_address_space("cv2", "dlib", "numba", "h5py")
    from raicl.preprocess.command import run as prep_database

    prep_database(
        dataset,
        out,
        settings,
        root=root,
        roots={"casme2": root_casme2, "samm": root_samm, "smic": root_smic},
        annotations=annotations,
        correct=corrections,
        variant=variant,
        subjects=subjects,
        limit=limit,
        strict=strict,
        dry_run=dry_run,
        seed=seed,
        jobs=resolve_jobs(jobs, apart=True),
        overwrite=overwrite,
        clip_minutes=clip_minutes,
        max_failures=max_failures,
        share=read_share(shard),
        cluster=checked_address(cluster, trusted=trust_network),
        as_json=as_json,
    )


app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
app.command(help=_HELP)(prep)


def main() -> None:
    """Entry point of ``raicl-prep``."""
    console.launch(lambda: run(app))
