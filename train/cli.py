"""``raicl-train``: options and messages. The work is in `command`, which is loaded on demand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from raicl.common.cluster.address import checked_address
from raicl.common.errors import SetupError, UsageError
from raicl.common.resources import check_address_space
from raicl.common.settings import with_settings
from raicl.common.share import read_share
from raicl.common.terminal import console
from raicl.common.terminal.estimate_option import Estimate
from raicl.common.terminal.logging_options import Debug, Quiet
from raicl.common.terminal.misuse import run
from raicl.common.terminal.spread_options import ClusterAddress, Shard, TrustNetwork
from raicl.common.terminal.version import print_version
from raicl.train.settings import TrainSettings
from raicl.train.settings.presets import merge_settings

# options that raicl fit has too
Config = Annotated[
    Path | None,
    typer.Option(
        help="TOML file of settings, e.g. the config.toml of a run.", rich_help_panel="Input"
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="Named settings, which --config overrides; of several, as in tiny,M2, the later "
        "wins. [dim]\\[default: paper][/dim]",
        rich_help_panel="Experiment",
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        help="Folds at a time, each in a process of its own, which share the instances. It changes "
        "no result. -1 is one per core. [dim]\\[default: of long runs on a CPU as many as there "
        "are cores and memory for, else 1][/dim]",
        rich_help_panel="Compute",
        show_default=False,
    ),
]

EPILOG = "Trouble? Try raicl doctor. The reference describes every file of a run."


@with_settings(TrainSettings)
def train(
    flows: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FLOWS",
            help="Caches of raicl-prep; several form one composite database.",
            show_default=False,
        ),
    ] = None,
    *,
    train: Annotated[
        list[Path] | None,
        typer.Option(
            "--train",
            help="The same as FLOWS, for the pair --train A --test B; repeatable.",
            rich_help_panel="Input",
            show_default=False,
        ),
    ] = None,
    test: Annotated[
        list[Path] | None,
        typer.Option(
            help="Caches of other databases: train once on all of FLOWS and test all of these; "
            "repeatable.",
            rich_help_panel="Input",
            show_default=False,
        ),
    ] = None,
    fold: Annotated[
        list[str] | None,
        typer.Option(
            help="all, sub05, casme2/sub05, #3, 3, 0-4,sub07 or subject:3; repeatable. "
            "A bare number is a subject with exactly that name, else a row of --list-folds. "
            "[dim]\\[default: all][/dim]",
            rich_help_panel="Input",
            show_default=False,
        ),
    ] = None,
    list_folds: Annotated[
        bool, typer.Option("--list-folds", help="List the folds and stop.", rich_help_panel="Input")
    ] = False,
    config: Config = None,
    preset: Preset = None,
    oracle: Annotated[
        bool,
        typer.Option(
            "--oracle",
            help="Also print the scores of each fold's best epoch, which are invalid as a result.",
            rich_help_panel="Experiment",
        ),
    ] = False,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir",
            "-d",
            help="Run folder. [dim]\\[default: runs/DATASET-PROTOCOL-KEY][/dim]",
            rich_help_panel="Output",
            show_default=False,
        ),
    ] = None,
    jobs: Jobs = None,
    estimate: Estimate = False,
    shard: Shard = None,
    cluster: ClusterAddress = None,
    trust_network: TrustNetwork = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Start anew instead of continuing.", rich_help_panel="Output"
        ),
    ] = False,
    pictures: Annotated[
        bool,
        typer.Option(help="Draw confusion matrix and attention maps.", rich_help_panel="Output"),
    ] = True,
    tensorboard: Annotated[
        bool,
        typer.Option(
            "--tensorboard",
            help="Also write the log for TensorBoard, to tensorboard/ in the run folder.",
            rich_help_panel="Logging",
        ),
    ] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print the results as JSON.", rich_help_panel="Logging"),
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            is_eager=True,
            callback=print_version,
            rich_help_panel="Logging",
        ),
    ] = False,
    given: dict[str, Any],
) -> None:
    """Train and test leave-one-subject-out on cached flows, and print pooled UF1 and UAR.

    The same command again continues an interrupted run and skips finished folds.

    Two examples:

    [bold]raicl-train flows.h5 --fold all[/bold]

    [bold]raicl-train casme2.h5 samm.h5 smic.h5 --protocol cde --preset tiny --fold 0-4[/bold]
    """
    console.configure(quiet=quiet, debug=debug)
    caches = [*(flows or []), *(train or [])]
    if not caches:
        raise UsageError("no cache to train on", fix="raicl-train FLOWS, made by raicl-prep")
    settings = merge_settings(preset, config, given)

    load_torch()
    from raicl.train.run import command

    if list_folds:
        chosen = fold or ["all"]
        command.list_folds(caches, settings, test=test or [], fold=chosen, as_json=json)
    else:
        command.run(
            caches,
            settings,
            test=test or [],
            fold=fold or ["all"],
            run_dir=run_dir,
            jobs=jobs,
            share=read_share(shard),
            cluster=checked_address(cluster, trusted=trust_network),
            overwrite=overwrite,
            pictures=pictures,
            tensorboard=tensorboard,
            oracle=oracle,
            as_json=json,
            estimate_only=estimate,
        )


def leaks(
    flows: Annotated[
        list[Path], typer.Argument(metavar="FLOWS", help="Caches, as raicl-train takes them.")
    ],
    test: Annotated[
        list[Path] | None,
        typer.Option(help="Caches that are only tested, as in raicl-train; repeatable."),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol whose clips are compared.", show_default=False)
    ] = None,
    leave: Annotated[
        Literal["subject", "database"] | None,
        typer.Option(
            help="What each fold leaves out. [dim]\\[default: subject][/dim]", show_default=False
        ),
    ] = None,
    fold: Annotated[
        list[str] | None, typer.Option(help="Only these folds, as in raicl-train; repeatable.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
) -> None:
    """Look for the same bytes on both sides of a fold: instances or frames of two subjects.

    Nothing is trained. The exit code is 3 if any are found.
    """
    console.configure(quiet=quiet, debug=debug)
    options = {"leave": leave, "protocol": protocol}
    given = {name: value for name, value in options.items() if value is not None}
    settings = merge_settings(None, None, given)
    load_torch()
    from raicl.train.run import command

    chosen = fold or ["all"]
    command.look_for_leaks(flows, settings, test=test or [], fold=chosen, as_json=json)


def load_torch() -> None:
    """Load torch after the options are checked, so that --help answers at once.

    Raises
    ------
    SetupError : torch is not installed, or broken.
    ResourceError : it does not fit into the address space that this process may have.
    """
    # OpenMP's idle threads spin. By default they spin so long that one other busy program makes
    # training ten times slower. A short spin is also the fastest on an idle machine. OpenMP reads
    # the variable when torch loads.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    check_address_space("torch", "torchvision", "h5py")
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:
        raise SetupError(
            f"torch cannot be imported: {str(error).splitlines()[0]}",
            fix="pip install torch torchvision; `raicl doctor` checks the pair",
        ) from error


def main() -> None:
    """Entry point of ``raicl-train``."""
    app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    app.command(epilog=EPILOG, no_args_is_help=True)(train)
    console.launch(lambda: run(app))
