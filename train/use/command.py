"""Command: what ``raicl predict`` does after its options are checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.common.cache.flows import Cache, StoredClip, open_cache
from raicl.common.drawing import can_draw
from raicl.common.errors import InputError
from raicl.common.predicted import PredictedClip, Predictions
from raicl.common.terminal import console
from raicl.common.terminal.progress import progress
from raicl.common.terminal.wording import counted, printable
from raicl.train.fitted.predictor import RESEARCH_ONLY
from raicl.train.run.device import configure_torch
from raicl.train.use.comparable import refuse_other_instances
from raicl.train.use.model import Model, open_model
from raicl.train.use.output import FILE, PICTURES, new_folder, refuse_filled, write_output
from raicl.train.use.picture import draw_said, picture_name
from raicl.train.use.predict import Networks, Said, attend, predict_clips


def run(
    folder: Path,
    inputs: Sequence[Path],
    *,
    out: Path,
    device: str,
    pictures: bool,
    as_json: bool,
) -> None:
    """Classify every clip of some caches, and write what was found.

    Raises
    ------
    ConflictError : `out` is not empty.
    InputError : see `open_model`, `refuse_other_instances` and `predict_clips`; or a cache is
        empty or cannot be read.
    SetupError, UsageError : there is no such device.
    """
    refuse_filled(out)
    model = open_model(folder, device)
    configure_torch(threads=None, deterministic=False)
    clips = _clips([open_cache(path) for path in inputs], model)
    draws = pictures and can_draw()
    if pictures and not draws:
        console.say("pictures are left out: they need matplotlib (pip install 'raicl[demo]')")
    networks = Networks(device)
    with new_folder(out) as work:
        content = _predict(clips, model, networks, work if draws else None)
        write_output(work, content)
    text = (out / FILE).read_text() if as_json else _text(out, content)
    console.result(text.rstrip())


def _clips(caches: Sequence[Cache], model: Model) -> list[StoredClip]:
    for cache in caches:
        if not cache.records:
            raise InputError(
                "the cache has no clips",
                where=str(cache.path),
                fix="see with raicl inspect why they were skipped or failed",
            )
        refuse_other_instances(cache, model)
    return [StoredClip(cache, record) for cache in caches for record in cache.records]


def _predict(
    clips: Sequence[StoredClip], model: Model, networks: Networks, drawn: Path | None
) -> Predictions:
    """What is said of every clip, drawn into the folder `drawn` unless it is None."""
    found = []
    if drawn is not None:
        (drawn / PICTURES).mkdir()
    with progress(len(clips), "predicting") as shown:
        for number, said in enumerate(predict_clips(clips, model, networks), start=1):
            picture = ""
            if drawn is not None:
                picture = f"{PICTURES}/{picture_name(number, said.stored.record.id)}"
                draw_said(drawn / picture, said, attend(said, networks), model)
            found.append(_predicted(said, model, picture))
            shown.advance()
    return Predictions(
        clips=tuple(found),
        model=model.name,
        kind=model.kind,
        digest=model.digest,
        classes=model.classes,
        notes=model.notes,
        use=RESEARCH_ONLY,
    )


def _predicted(said: Said, model: Model, picture: str) -> PredictedClip:
    clip = said.stored.record.clip
    return PredictedClip(
        clip=clip.id,
        input=str(said.stored.cache.path),
        onset=clip.onset,
        offset=clip.offset,
        fps=clip.fps,
        class_name=model.classes[said.verdict.predicted],
        probabilities=dict(zip(model.classes, said.verdict.probabilities, strict=True)),
        flags=said.flags,
        how="cache",
        said_by=said.voice.said_by,
        picture=picture,
    )


def _text(out: Path, content: Predictions) -> str:
    lines = [f"{content.kind} {content.model}, digest {content.digest[:16]}"]
    lines += [f"note: {note}" for note in content.notes]
    for clip in content.clips:
        p = clip.probabilities[clip.class_name]
        lines.append(f"{printable(clip.clip)}: {clip.class_name}, p {p:.2f}, by {clip.said_by}")
        lines += [f"  {flag.name}: {flag.sentence}" for flag in clip.flags]
    return "\n".join([*lines, f"{out}: {counted(len(content.clips), 'clip')}", RESEARCH_ONLY])
