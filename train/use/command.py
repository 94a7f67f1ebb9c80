"""Command: what ``raicl predict`` does after its options are checked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from raicl.common.drawing import can_draw
from raicl.common.errors import PartialError
from raicl.common.predicted import PredictedClip, Predictions
from raicl.common.terminal import console
from raicl.common.terminal.progress import progress
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.common.video import videos_file
from raicl.train.use.footage import Asked
from raicl.train.use.inputs import Inputs, read_inputs
from raicl.train.use.model import Model, open_model
from raicl.train.use.output import FILE, PICTURES, new_folder, refuse_filled, write_output
from raicl.train.use.picture import draw_said, picture_name
from raicl.train.use.predict import Networks, Said, attend, predict_clips
from raicl.train.use.text import text

VIDEO = "video"  # folder of annotated videos


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to write.

    Attributes
    ----------
    out : the folder.
    pictures : whether to draw each clip.
    video : whether to annotate the videos.
    as_json : whether to print the file instead of a text.
    """

    out: Path
    pictures: bool
    video: bool
    as_json: bool


def run(folder: Path, paths: Sequence[Path], asked: Asked, wanted: Wanted, *, device: str) -> None:
    """Classify every clip of the inputs, and write what was found.

    Raises
    ------
    ConflictError : the output is not empty.
    InputError, UsageError : see `open_model`, `read_inputs` and `predict_clips`.
    SetupError : there is no such device.
    PartialError : some intervals could not be prepared; the others are written.
    SystemExit : stage 1 or the annotation has failed, and said why.
    """
    out = wanted.out
    refuse_filled(out)
    model, networks = open_model(folder, device), Networks(device)
    draws = wanted.pictures and can_draw()
    if wanted.pictures and not draws:
        console.say("pictures are left out: they need matplotlib (pip install 'raicl[demo]')")
    with new_folder(out) as work:
        # the cache is too large to stay, and shows people: whoever wants it types raicl-prep
        with TemporaryDirectory(dir=work) as prepared:
            inputs = read_inputs(paths, model, asked, Path(prepared))
            content = _predict(inputs, model, networks, work if draws else None)
            listed = videos_file(Path(prepared) / "clips.h5")
            if listed.is_file():
                shutil.copy(listed, work / listed.name)
        write_output(work, content)
        if wanted.video and content.clips:
            _annotate(work)
    console.result((out / FILE).read_text().rstrip() if wanted.as_json else text(out, content))
    failed = [one for one in content.without if not one.nothing_moved]
    if failed:
        raise PartialError(
            f"{len(failed)} of {len(failed) + len(content.clips)} clips could not be prepared",
            where=f"{failed[0].input}: {failed[0].sentence}",
            fix=f"the others are in {out}",
        )


def _predict(inputs: Inputs, model: Model, networks: Networks, drawn: Path | None) -> Predictions:
    """What is said of every clip, drawn into the folder `drawn` unless it is None."""
    found = []
    if drawn is not None and inputs.clips:
        (drawn / PICTURES).mkdir()
    with progress(len(inputs.clips), "predicting") as shown:
        for number, said in enumerate(predict_clips(inputs.clips, model, networks), start=1):
            picture = ""
            if drawn is not None:
                picture = f"{PICTURES}/{picture_name(number, said.stored.record.id)}"
                draw_said(drawn / picture, said, attend(said, networks), model)
            found.append(_predicted(said, inputs, model, picture))
            shown.advance()
    return Predictions(
        clips=tuple(found),
        without=inputs.without,
        model=model.name,
        kind=model.kind,
        digest=model.digest,
        classes=model.classes,
        notes=(*model.notes, *inputs.notes),
        use=RESEARCH_ONLY,
    )


def _predicted(said: Said, inputs: Inputs, model: Model, picture: str) -> PredictedClip:
    cache, record = said.stored
    clip = record.clip
    known = inputs.intervals.get((cache.path, clip.id))
    video, interval = (None, None) if known is None else known
    return PredictedClip(
        clip=clip.id,
        input=str(cache.path) if video is None else video.path,
        onset=clip.onset,
        offset=clip.offset,
        onset_s=None if interval is None else interval.onset_s,
        offset_s=None if interval is None else interval.offset_s,
        fps=clip.fps,
        class_name=model.classes[said.verdict.predicted],
        probabilities=dict(zip(model.classes, said.verdict.probabilities, strict=True)),
        flags=said.flags,
        how="cache" if interval is None else interval.how,
        said_by=said.voice.said_by,
        picture=picture,
    )


def _annotate(work: Path) -> None:
    """Let ``raicl annotate`` draw into the videos, in a process of its own: it needs OpenCV.

    Raises
    ------
    SystemExit : it has failed and said why; with its exit code.
    """
    program = [sys.executable, "-m", "raicl.common.terminal.umbrella", "annotate"]
    words = [str(work / FILE), "--out", str(work / VIDEO)]
    code = subprocess.run([*program, *words], stdout=subprocess.DEVNULL, check=False).returncode
    if code:
        raise SystemExit(code)
