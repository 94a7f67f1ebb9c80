"""Command: what ``raicl fit`` does after its options are checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import UsageError
from raicl.common.terminal import console
from raicl.common.terminal.wording import RESEARCH_ONLY, clips_of_subjects
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.composite import Composite
from raicl.train.clips.inner import check_inner
from raicl.train.clips.overview import describe_input
from raicl.train.clips.plan import assemble
from raicl.train.fitted.card import card_template
from raicl.train.fitted.fit import Fit, fit_model
from raicl.train.fitted.folder import verify
from raicl.train.fitted.load import read_fitted
from raicl.train.fitted.records import Fitted
from raicl.train.fitted.scores import scores_for
from raicl.train.fold.calibration import describe_calibration
from raicl.train.model.networks.own import check_own
from raicl.train.run.device import choose_device, configure_torch, describe_device
from raicl.train.settings import TrainSettings


def run(
    flows: Sequence[Path],
    settings: TrainSettings,
    *,
    out: Path,
    scores: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Fit a model on every clip and print what it is.

    Raises
    ------
    UsageError : a setting is given that a model for use cannot have, or one's own network is none.
    InputError : the run of `scores` does not stand for this model, see `scores_for`, or there is
        one subject and a calibration needs two.
    SetupError : jinja2 is not installed, or the device is missing.
    ConflictError, FoldError : see `fit_model`.
    """
    _check_settings(settings)
    check_own(settings)
    card_template()  # fails now rather than when the training has ended
    composite = assemble(flows, load_protocol(settings.protocol), settings)
    found = None if scores is None else scores_for(scores, composite, settings)
    configure_torch(settings)
    device = choose_device(settings)
    place = out.resolve()
    fit = Fit(composite=composite, settings=settings, device=device, out=place, scores=found)
    if settings.calibration == "inner":
        check_inner(composite, [fit.fold])
    for line in (*describe_input(composite), *_absent(composite, fit.fold.train)):
        console.say(line)
    console.say(f"fitted on {len(fit.fold.train)} clips on {describe_device(device)}, model {out}")
    fit_model(fit, overwrite=overwrite)
    digest, fitted = verify(place).digest, read_fitted(place)
    text = fitted.record.model_dump_json(indent=2) if as_json else _text(out, digest, fitted)
    console.result(text)


def _check_settings(settings: TrainSettings) -> None:
    idle = {
        "control": (settings.control, "a model for use is fitted on the true labels"),
        "leave": (settings.leave, "a model for use leaves nothing out"),
    }
    for name, (value, reason) in idle.items():
        if value != TrainSettings.model_fields[name].default:
            raise UsageError(f"{name} = {value}: {reason}", fix=f"leave {name} out")


def _absent(composite: Composite, clips: Sequence[str]) -> list[str]:
    counts = composite.class_counts(clips)
    absent = [name for name, n in zip(composite.classes, counts, strict=True) if n == 0]
    return [f"note: the model is fitted without {', '.join(absent)}"] if absent else []


def _text(out: Path, digest: str, fitted: Fitted) -> str:
    record, scores = fitted.record, fitted.scores
    counts = zip(record.classes, record.class_counts, strict=True)
    lines = [
        f"model   {out}, digest {digest[:16]}",
        f"fitted  on {clips_of_subjects(record.clips, record.subjects)}: "
        + ", ".join(f"{n} {name}" for name, n in counts),
    ]
    if scores is None:
        lines.append("scores  none are claimed: name the run that stands for it by --scores RUN")
    else:
        found = scores.results
        lines.append(
            f"scores  UF1 {found.uf1:.4f}, UAR {found.uar:.4f} of run {scores.run}, "
            f"{found.evaluation}: not of these weights"
        )
    if record.calibration is not None:
        lines.append(f"calibrated: {describe_calibration(record.calibration)}")
    return "\n".join([*lines, f"card    {out / 'README.md'}", RESEARCH_ONLY])
