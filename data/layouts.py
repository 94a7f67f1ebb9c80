"""Layouts: what `raicl synth` writes besides a database of faces, and where it may write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from raicl.common.errors import ConflictError, UsageError
from raicl.common.terminal.wording import counted, typed

Given = Mapping[str, Any]  # options by their names, those alone that were given
FILMS = ("video", "recording")
FLOW = "flow-png"
_PEOPLE = ("subjects", "clips", "seed", "difficulty", "course")  # what is shown, in any layout


def synth_other(folder: Path, layout: str, given: Given, *, jobs: int) -> str:
    """Write what `layout` names; returns the next command.

    Raises
    ------
    UsageError : no such layout, or an option that it does not have.
    ConflictError : the folder is not empty.
    """
    writers: dict[str, Callable[[], str]] = {
        **dict.fromkeys(FILMS, lambda: _films(folder, layout, given, jobs)),
        FLOW: lambda: _flow_pictures(folder, given),
    }
    write = writers.get(layout)
    return _miniature(folder, layout, given) if write is None else write()


def is_filled(folder: Path) -> bool:
    """Whether `folder` holds more than the remains of an interrupted `synth`."""
    from raicl.data.synthetic.database import STAGE

    if not folder.is_dir():
        return folder.exists()
    return any(path.name != STAGE for path in folder.iterdir())


def refuse_filled(folder: Path) -> None:
    """Refuse to write into a folder that holds something.

    Raises
    ------
    ConflictError : it does.
    """
    from raicl.data.synthetic.existing import refuse_older

    refuse_older(folder)
    if is_filled(folder):
        raise ConflictError(
            "the folder is not empty", where=str(folder), fix="name a folder that does not exist"
        )


def _refuse_idle(layout: str, given: Given, known: Collection[str]) -> None:
    idle = next((name for name in given if name not in known), None)
    if idle is not None:
        raise UsageError(f"--layout {layout} has no --{idle}", fix="leave it out")


def _films(folder: Path, layout: str, given: Given, jobs: int) -> str:
    from raicl.data.synthetic.difficulty import DIFFICULTIES
    from raicl.data.synthetic.videos import Filming, film

    _refuse_idle(layout, given, (*_PEOPLE, "margin", "video-fps", "lossless"))
    difficulty = given.get("difficulty", "default")
    if difficulty == "similar-missing":
        raise UsageError(
            "in similar-missing test clips lack a unit, and videos have no test clips",
            fix="give --difficulty similar",
        )
    own = difficulty == "similar" or "course" in given or "margin" in given
    if layout == "recording" and own:
        raise UsageError(
            "a recording draws its own expressions and courses, with rests around them",
            fix="leave --course, --margin and --difficulty similar out",
        )
    refuse_filled(folder)
    filming = Filming(
        seed=given.get("seed", 0),
        difficulty=DIFFICULTIES[difficulty],
        course=given.get("course", "symmetric"),
        margin=given.get("margin", 0),
        fps=given.get("video-fps", 30.0),
        lossless=given.get("lossless", False),
    )
    return film(
        folder,
        layout,
        filming,
        subjects=given.get("subjects", 12),
        clips=given.get("clips", 6),
        jobs=jobs,
    )


def _flow_pictures(folder: Path, given: Given) -> str:
    from raicl.data.synthetic.difficulty import DIFFICULTIES
    from raicl.data.synthetic.flow_pictures import (
        SIDE,
        TABLE,
        write_cached_flow,
        write_true_flow,
    )
    from raicl.data.synthetic.plan import plan_scenes
    from raicl.data.synthetic.proportions import read_proportions

    side = given.get("side", SIDE)
    if "flows" in given:
        _refuse_idle(f"{FLOW} --flows", given, ("flows", "side"))
        refuse_filled(folder)
        written = write_cached_flow(folder, given["flows"], side=side)
    else:
        _refuse_idle(FLOW, given, (*_PEOPLE, "test-clips", "proportions", "side"))
        difficulty = DIFFICULTIES[given.get("difficulty", "default")]
        shares = given.get("proportions")
        if difficulty.missing and "test-clips" not in given:
            raise UsageError(
                "the strong action unit is missing in test clips alone, and there are none",
                fix="give --test-clips, or --difficulty similar",
            )
        scenes = plan_scenes(
            given.get("subjects", 12),
            given.get("clips", 6),
            given.get("seed", 0),
            test_clips=given.get("test-clips", 0),
            difficulty=difficulty,
            course=given.get("course", "symmetric"),
            proportions=None if shares is None else read_proportions(shares),
        )
        refuse_filled(folder)
        written = write_true_flow(folder, scenes, given.get("seed", 0), difficulty, side=side)
    said = []
    if written.left_out:
        said.append(
            f"{counted(written.left_out, 'clip')} without a class of the composite left out"
        )
    if written.at_middle:
        said.append(f"{written.at_middle} at the middle, for want of an apex")
    aside = f" ({'; '.join(said)})" if said else ""
    frame = "" if written.at_middle else "--frame apex "  # true of all of them, or not said
    return (
        f"{folder}: {counted(written.pictures, 'picture')} of flow{aside}, next: raicl-prep import "
        f"--root {typed(folder)} --annotations {typed(folder / TABLE)} {frame}--out flows.h5"
    )


def _miniature(folder: Path, layout: str, given: Given) -> str:
    from raicl.data.miniature.layouts import MINIATURES, write_miniature

    if layout not in MINIATURES:
        known = ("casme2", *FILMS, FLOW, *MINIATURES)
        near = get_close_matches(layout, known, 1)
        raise UsageError(
            f"no layout {layout!r}",
            fix=f"did you mean {near[0]}?" if near else "one of " + ", ".join(known),
        )
    if given:
        raise UsageError(
            f"--{next(iter(given))} is for --layout casme2: the clips of a miniature are fixed, "
            "one per quirk",
            fix=f"raicl synth {typed(folder)} --layout {layout}",
        )
    refuse_filled(folder)
    database = write_miniature(folder, layout)
    return f"{folder}: a miniature, next: raicl-prep {database} --root {typed(folder)} --dry-run"
