"""Footage: videos and folders of frames, made into a cache by the command ``raicl-prep video``.

It is the very command that a user would type, with the settings of stage 1 that made what the model
learnt from. Its messages and its exit code are passed on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.sampling.sample import describe_sampling
from raicl.common.settings import SettingValue
from raicl.common.terminal import console
from raicl.train.use.model import Model

# what a cache says of its making and no option sets: digests and versions, and what becomes of
# clips and annotations of a database
_NO_OPTIONS = {
    "detectors", "dlib", "landmarks", "numba", "opencv", "schema", "short", "onset_error",
    "offset_error",
}  # fmt: skip
_ALL = 1_000_000  # failed clips tolerated: those that did not fail are classified


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a user asks of stage 1, as it was typed. None for what was not.

    Attributes
    ----------
    onset, offset : frame number or time.
    intervals : table of intervals.
    fps : frames per second.
    face : which face, by size.
    landmarks : model of the landmarks.
    """

    onset: str | None = None
    offset: str | None = None
    intervals: Path | None = None
    fps: float | None = None
    face: int | None = None
    landmarks: str | None = None

    @property
    def given(self) -> list[str]:
        """The options that were typed."""
        return [f"--{name}" for name, value in asdict(self).items() if value is not None]


def prepare_footage(inputs: Sequence[Path], model: Model, asked: Asked, cache: Path) -> None:
    """Make a cache of videos and folders of frames, and the list of them beside it.

    Without a clip there is no cache: see `raicl.common.video.Videos`.

    Raises
    ------
    InputError : it is not known how the model's instances were made.
    SystemExit : stage 1 has failed and said why; with its exit code.
    """
    settings = {**stage_1_settings(model), **_options(asked)}
    words = [word for path in inputs for word in ("--input", str(path))]
    words += [word for name, value in settings.items() for word in as_option(name, value)]
    _prep(["video", *words, "--out", str(cache), "--jobs", "1", "--max-failures", str(_ALL)])


def stage_1_settings(model: Model) -> dict[str, SettingValue]:
    """The settings of stage 1 that make instances as the model's are.

    Raises
    ------
    InputError : it is not known how they were made.
    """
    if model.preparation is None:
        raise InputError(
            f"how the clips of {model.kind} {model.name} were prepared is not known: its caches "
            "are not where they were",
            where=model.name,
            fix="give a model of raicl fit, or put the caches where the run had them",
        )
    made = {name: value for name, value in model.preparation.items() if name not in _NO_OPTIONS}
    settings = model.settings
    if settings.sampling != "cache":  # the model has sampled anew, from all frames
        made |= describe_sampling(settings.sampling, settings)
    return made


def as_option(name: str, value: SettingValue) -> list[str]:
    """A setting as it is typed: ``--no-match-light``, or ``--size 225``. None is left out."""
    option = name.replace("_", "-")
    if value is None:
        return []
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", str(value)]


def _options(asked: Asked) -> Mapping[str, SettingValue]:
    values = asdict(asked)
    return {name: str(value) for name, value in values.items() if value is not None}


def _prep(words: Sequence[str]) -> None:
    """Run stage 1 in a process of its own."""
    program = [sys.executable, "-m", "raicl.common.terminal.umbrella", "prep", *words]
    quiet = ["--quiet"] if console.configured()["quiet"] else []
    # the model's settings hold, whatever RAICL_SIZE and the like say
    kept = {k: v for k, v in os.environ.items() if k[:6] != "RAICL_" or k == "RAICL_DEBUG"}
    # its results would name a cache that does not stay; its log and its errors are passed on
    code = subprocess.run(
        [*program, *quiet], env=kept, stdout=subprocess.DEVNULL, check=False
    ).returncode
    if code:
        raise SystemExit(code)
