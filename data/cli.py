"""Commands on the synthetic database: write it, and run both stages on it."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

import typer

from raicl.common.errors import ConflictError, PartialError, UsageError
from raicl.common.parallel import resolve_jobs
from raicl.common.terminal import console
from raicl.common.terminal.wording import counted

FILMS = ("video", "recording")  # layouts that are videos


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
            "clip, or of each person with rests between the expressions; casme2-cropped, "
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
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", help="Processes.")] = None,
) -> None:
    """Write a database in the layout of a real one: synthetic faces, or a miniature with quirks.

    The faces come with the true motion of every frame. A miniature is always the same.
    """
    if layout in FILMS:
        if test_clips is not None or proportions is not None:
            raise UsageError(
                "videos have no --test-clips and no --proportions", fix="leave them out"
            )
        from raicl.data.synthetic.difficulty import DIFFICULTIES
        from raicl.data.synthetic.videos import Filming, film

        if difficulty == "similar-missing":
            raise UsageError(
                "in similar-missing test clips lack a unit, and videos have no test clips",
                fix="give --difficulty similar",
            )
        if layout == "recording" and (difficulty == "similar" or course or margin):
            raise UsageError(
                "a recording draws its own expressions and courses, with rests around them",
                fix="leave --course, --margin and --difficulty similar out",
            )
        _refuse_filled(folder)
        filming = Filming(
            seed=seed or 0,
            difficulty=DIFFICULTIES[difficulty or "default"],
            course=course or "symmetric",
            margin=margin or 0,
            fps=video_fps or 30.0,
            lossless=lossless,
        )
        numbers = {"subjects": subjects or 12, "clips": clips or 6}
        console.result(film(folder, layout, filming, **numbers, jobs=resolve_jobs(jobs)))
        return
    if video_fps is not None or lossless:
        raise UsageError("--video-fps and --lossless are for --layout video", fix="leave them out")
    if layout != "casme2":
        given = {
            "subjects": subjects,
            "clips": clips,
            "test-clips": test_clips,
            "difficulty": difficulty,
            "course": course,
            "proportions": proportions,
            "margin": margin,
            "seed": seed,
        }
        _synth_miniature(
            folder, layout, [name for name, value in given.items() if value is not None]
        )
        return
    from raicl.data.synthetic.database import make_database
    from raicl.data.synthetic.difficulty import DIFFICULTIES
    from raicl.data.synthetic.proportions import read_proportions

    _refuse_filled(folder)
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
    if test_clips is not None:  # casme2 has no column for the split, so its reader ignores it
        console.result(
            f"{folder}: {counted(subjects, 'subject')}, next: raicl-prep synthetic --root {folder} "
            "--out flows.h5"
        )
        return
    console.result(
        f"{folder}: {counted(subjects, 'subject')}, next: raicl-prep casme2 --root {folder} "
        "--out flows.h5"
    )


def _synth_miniature(folder: Path, layout: str, given: Sequence[str]) -> None:
    from raicl.data.miniature.layouts import MINIATURES, write_miniature

    if layout not in MINIATURES:
        known = ("casme2", *FILMS, *MINIATURES)
        near = get_close_matches(layout, known, 1)
        raise UsageError(
            f"no layout {layout!r}",
            fix=f"did you mean {near[0]}?" if near else "one of " + ", ".join(known),
        )
    if given:
        raise UsageError(
            f"--{given[0]} is for --layout casme2: the clips of a miniature are fixed, one per "
            "quirk",
            fix=f"raicl synth {folder} --layout {layout}",
        )
    _refuse_filled(folder)
    database = write_miniature(folder, layout)
    console.result(f"{folder}: a miniature, next: raicl-prep {database} --root {folder} --dry-run")


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put everything.")] = Path("demo"),
    subjects: Annotated[int, typer.Option(min=2, max=99, help="Synthetic people.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the people and of the training.")] = 0,
) -> None:
    """Run both stages on a synthetic database, with the commands that a user would type."""
    from raicl.data.synthetic.existing import refuse_older

    started = time.monotonic()
    database, flows, run = folder / "database", folder / "flows.h5", folder / "run"
    folder.mkdir(parents=True, exist_ok=True)
    refuse_older(database)  # before the long part: only its last command would read the truth
    if not _is_filled(database):
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


def _is_filled(folder: Path) -> bool:
    """Whether `folder` holds more than the remains of an interrupted `synth`."""
    from raicl.data.synthetic.database import STAGE

    if not folder.is_dir():
        return folder.exists()
    return any(path.name != STAGE for path in folder.iterdir())


def _refuse_filled(folder: Path) -> None:
    from raicl.data.synthetic.existing import refuse_older

    refuse_older(folder)
    if _is_filled(folder):
        raise ConflictError(
            "the folder is not empty", where=str(folder), fix="name a folder that does not exist"
        )
