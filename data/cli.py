"""Commands on the synthetic database: write it, and run both stages on it."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from raicl.common.errors import PartialError, UsageError
from raicl.common.parallel import resolve_jobs
from raicl.common.terminal import console
from raicl.common.terminal.wording import counted, typed


def synth(
    folder: Annotated[Path, typer.Argument(help="The folder to fill; must be new or empty.")],
    subjects: Annotated[
        int | None, typer.Option(min=2, max=99, help="Synthetic people (12).")
    ] = None,
    clips: Annotated[int | None, typer.Option(min=1, max=99, help="Clips per person (6).")] = None,
    test_clips: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=99,
            help="Additional clips per person for testing only; the others are for training only.",
        ),
    ] = None,
    difficulty: Annotated[
        Literal["default", "medium", "hard", "similar", "similar-missing"] | None,
        typer.Option(
            help="medium, hard: weaker and more varied motion, more of it irrelevant. similar: two "
            "classes differ only in a weak action unit; similar-missing: a third of their test "
            "clips lack the strong one."
        ),
    ] = None,
    course: Annotated[
        Literal["symmetric", "published"] | None,
        typer.Option(
            help="symmetric: short clips that end as they began (the default). published: lengths "
            "and apexes as in real clips at 200 frames per second, and a slow decay."
        ),
    ] = None,
    proportions: Annotated[
        str | None,
        typer.Option(
            metavar="N,P,S",
            help="Shares of negative, positive and surprise clips instead of as many of each, e.g. "
            "57,25,19 as in the composite of three databases.",
        ),
    ] = None,
    margin: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=99,
            help="Frames to write before each onset and after each offset, for raicl-prep "
            "--onset-error and --offset-error.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the people (0).")] = None,
    layout: Annotated[
        str,
        typer.Option(
            help="casme2 gives synthetic faces; video and recording give videos of them: of each "
            "clip, or of each person with rests between the expressions; flow-png gives 8-bit "
            "pictures of their flow to the apex, for raicl-prep import; casme2-cropped, "
            "casme2-raw, samm, smic, smic-e, casme3a and casme3-clip are miniatures: tiny pictures "
            "without faces."
        ),
    ] = "casme2",
    video_fps: Annotated[
        float | None,
        typer.Option(min=5, max=200, help="Frame rate of --layout video and recording (30)."),
    ] = None,
    lossless: Annotated[
        bool,
        typer.Option("--lossless", help="Write these as FFV1 in mkv rather than MPEG-4 in mp4."),
    ] = False,
    flows: Annotated[
        Path | None,
        typer.Option(help="--layout flow-png: draw the flow of this cache, in place of true flow."),
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(min=14, max=225, help="Side of the pictures of --layout flow-png, px (28)."),
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Processes.")] = None,
) -> None:
    """Write a database in the layout of a real one: synthetic faces, or a miniature with quirks.

    The faces come with the true motion of every frame. A miniature is always the same.
    """
    given = {
        **{"subjects": subjects, "clips": clips, "test-clips": test_clips, "seed": seed},
        **{"difficulty": difficulty, "course": course, "proportions": proportions},
        **{"margin": margin, "video-fps": video_fps, "lossless": lossless or None},
        **{"flows": flows, "side": side},
    }
    if layout != "casme2":
        from raicl.data.layouts import synth_other

        given = {name: value for name, value in given.items() if value is not None}
        console.result(synth_other(folder, layout, given, jobs=resolve_jobs(jobs)))
        return
    idle = next((n for n in ("video-fps", "lossless", "flows", "side") if given[n] is not None), "")
    if idle:
        raise UsageError(f"--{idle} is for another --layout", fix="leave it out")
    from raicl.data.layouts import refuse_filled
    from raicl.data.synthetic.database import make_database
    from raicl.data.synthetic.difficulty import DIFFICULTIES
    from raicl.data.synthetic.proportions import read_proportions

    refuse_filled(folder)
    subjects = subjects or 12
    make_database(
        folder,
        subjects=subjects,
        clips=clips or 6,
        test_clips=test_clips or 0,
        seed=seed or 0,
        difficulty=DIFFICULTIES[difficulty or "default"],
        course=course or "symmetric",
        proportions=None if proportions is None else read_proportions(proportions),
        margin=margin or 0,
        jobs=resolve_jobs(jobs),
    )
    # casme2 has no column for the split, so its reader ignores it
    reader = "casme2" if test_clips is None else "synthetic"
    console.result(
        f"{folder}: {counted(subjects, 'subject')}, next: raicl-prep {reader} "
        f"--root {typed(folder)} --out flows.h5"
    )


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put everything.")] = Path("demo"),
    subjects: Annotated[int, typer.Option(min=2, max=99, help="Synthetic people.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the people and of the training.")] = 0,
) -> None:
    """Run both stages on a synthetic database, with the commands that a user would type."""
    from raicl.data.layouts import is_filled
    from raicl.data.synthetic.existing import refuse_older

    started = time.monotonic()
    database, flows, run = folder / "database", folder / "flows.h5", folder / "run"
    folder.mkdir(parents=True, exist_ok=True)
    refuse_older(database)  # before the long part: only its last command would read the truth
    if not is_filled(database):
        _command("synth", database, "--subjects", subjects, "--seed", seed)
    _command("prep", "synthetic", "--root", database, "--out", flows)
    training = ("--preset", "tiny", "--seed", seed, "--jobs", resolve_jobs(None))
    _command("train", flows, "--fold", "all", *training, "--run-dir", run)
    for emotion, clip in _first_clips(flows).items():
        _command("inspect", flows, "--clip", clip, "--out", folder / f"{emotion}.png")
    page = folder / "report.html"
    _command("report", run, "--truth", database, "--out", page)
    minutes = (time.monotonic() - started) / 60
    console.result(f"the demo took {minutes:.1f} min; open {page} and look at the pictures:")
    for picture in sorted(folder.rglob("*.png")):
        if not picture.is_relative_to(database):
            console.result(f"  {picture}")


def _command(*words: object) -> None:
    arguments = [str(word) for word in words]
    console.say(f"\n$ raicl {shlex.join(arguments)}")
    run = [sys.executable, "-m", "raicl.common.terminal.umbrella", *arguments]
    code = subprocess.run(run, check=False).returncode
    if code:
        raise PartialError(
            f"the demo stopped: `raicl {arguments[0]}` ended with exit code {code}",
            fix="see its message above; `raicl doctor` checks the installation",
        )


def _first_clips(flows: Path) -> dict[str, str]:
    """The first clip of each emotion that the composite protocol counts, if there is one."""
    from raicl.common.cache.flows import open_cache

    first: dict[str, str] = {}
    for record in open_cache(flows).records:
        first.setdefault(record.clip.emotion, record.id)
    counted = ("happiness", "surprise", "disgust", "repression")
    return {emotion: first[emotion] for emotion in counted if emotion in first}
