"""Output: the folder of predictions, which is written elsewhere and put in its place as a whole."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from raicl.common.errors import ConflictError
from raicl.common.files import replace_folder, write_atomic, writing
from raicl.common.predicted import PredictedClip, Predictions
from raicl.common.versioned import write_versioned

TABLE, FILE, PICTURES = "predictions.csv", "predictions.json", "pictures"
_COLUMNS = ("clip", "input", "how", "onset", "offset", "onset_s", "offset_s", "fps", "class")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder, which is renamed to `out` if the block succeeds, and else removed.

    Raises
    ------
    ConflictError : `out` is a file, or a folder that is not empty.
    InputError : the folder above it does not exist, or cannot be written.
    """
    refuse_filled(out)
    place = out.resolve()
    with writing(out):
        work = Path(mkdtemp(prefix=f".{place.name}.", suffix=".tmp", dir=place.parent))
    try:
        work.chmod(0o755)  # as of any other folder; a temporary one is closed to others
        yield work
        replace_folder(work, place)
    finally:
        if work.exists():
            shutil.rmtree(work)


def refuse_filled(out: Path) -> None:
    """Refuse an output that is there already.

    Raises
    ------
    ConflictError : it is a file, or a folder that is not empty.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise ConflictError(
            "the output is a file" if out.is_file() else "the output folder is not empty",
            where=str(out),
            fix="name a folder that does not exist: --out predictions",
        )


def write_output(folder: Path, content: Predictions) -> None:
    """Write ``predictions.csv`` and ``predictions.json``."""
    write_atomic(folder / TABLE, table(content).encode(errors="replace"))
    write_versioned(folder / FILE, content)


def table(content: Predictions) -> str:
    """One row a clip: interval, class, probabilities, flags, model, and what it is for."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [f"p_{name}" for name in content.classes]
    writer.writerow([*_COLUMNS, *names, "flags", "said_by", "model_digest", "use"])
    for clip in content.clips:
        writer.writerow([*_cells(clip, content.classes), content.digest, content.use])
    return text.getvalue()


def _cells(clip: PredictedClip, classes: tuple[str, ...]) -> list[object]:
    interval = (clip.onset, clip.offset, _seconds(clip.onset_s), _seconds(clip.offset_s))
    probabilities = [f"{clip.probabilities[name]:.6f}" for name in classes]
    flags = " ".join(flag.name for flag in clip.flags)
    rate = "" if clip.fps is None else f"{clip.fps:g}"
    known = [clip.clip, clip.input, clip.how, *interval, rate, clip.class_name]
    return [*known, *probabilities, flags, clip.said_by]


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
