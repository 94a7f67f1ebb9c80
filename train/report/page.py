"""The page of ``raicl report``: one file that holds everything it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from raicl.common.cache.flows import read_index
from raicl.common.errors import ConflictError, InputError
from raicl.common.files import write_atomic
from raicl.common.pages import licensed, refuse_other
from raicl.common.templates import load_template
from raicl.common.versioned import read_versioned, write_versioned
from raicl.train.report.ablation import read_ablation
from raicl.train.report.blocks import shares
from raicl.train.report.calibration import MEASURES, ShownCalibration, calibration
from raicl.train.report.compare import Comparison, compare
from raicl.train.report.curves import charts
from raicl.train.report.facts import Facts, facts
from raicl.train.report.figures import Chart
from raicl.train.report.intervals import comparison_chart, study_chart
from raicl.train.report.measured import ONE, MeasuredRun, Measurements, MeasureRow, measure_rows
from raicl.train.report.networks import caches_gone, recorded_caches, weights_gone
from raicl.train.report.published import beside_published
from raicl.train.run.outcome import Outcome
from raicl.train.scores.results import SCORE_NAMES, SHUFFLED
from raicl.train.scores.strata import STRATA
from raicl.train.scores.swaps import shown_p

if TYPE_CHECKING:
    from raicl.train.report.attention import Picture


@dataclass(frozen=True, kw_only=True)
class ShownRun(Facts):
    """A run as the page shows it.

    Attributes
    ----------
    calibration : whether its probabilities can be trusted.
    votes : whether they are shares of votes.
    redrawn : chosen clips, drawn again from a cache.
    drawn : pictures that the run drew while it trained. Empty if clips could be drawn again.
    licensed : databases whose faces may not be passed on.
    missing : what the page cannot show, by the names of `parts.html.jinja`.
    measured : its regions and attention in numbers. None unless it is asked for.
    measures : the same as rows of a table.
    """

    calibration: ShownCalibration
    votes: bool
    charts: list[Chart]
    redrawn: list[Picture]
    drawn: list[Picture]
    licensed: list[str]
    missing: list[str]
    measured: MeasuredRun | None
    measures: list[MeasureRow]


def write_page(
    path: Path,
    outcomes: Sequence[Outcome],
    *,
    flows: Sequence[Path] = (),
    faces: bool = True,
    ablation: Path | None = None,
    truth: Path | None = None,
) -> Path | None:
    """Write the report on some runs. The same runs and caches give the same bytes.

    If `flows` or `truth` are given, the regions of runs with MRD are measured, and the measures are
    also written as JSON beside the page.

    Parameters
    ----------
    flows : caches of the runs. If empty, those that the runs name are used if they still exist.
    faces : show onset faces. The databases' licences restrict who may see them.
    ablation : folder of a study of `raicl ablate`, whose table is shown too.
    truth : root of the synthetic database of the caches, with which regions and attention are
        compared.

    Returns
    -------
    The file of the measures, a `Measurements`. None if nothing was measured.

    Raises
    ------
    SetupError : jinja2 or matplotlib is not installed, or with `truth` scikit-learn.
    InputError : `flows` are not the caches of a run, a file of a run or of the study is damaged, or
        `truth` is not that of the caches.
    ConflictError : `path` exists and is not a page, or the file beside it holds no measures.
    """
    refuse_other(path)
    _refuse_other_measures(_measures_of(path))
    template = load_template(
        "raicl.train.report",
        "page.html.jinja",
        needed_by="the report",
        filters={"shown_p": shown_p},
    )
    alone = len(outcomes) == 1
    runs = [_run(outcome, flows, faces, alone, truth) for outcome in outcomes]
    comparison, incomparable = _compare(outcomes)
    oracle = next((o.selection for run in runs if (o := run.results.oracle)), "")
    study = None if ablation is None else read_ablation(ablation)
    text = template.render(
        runs=runs,
        scores=SCORE_NAMES,
        measures=MEASURES,
        strata=STRATA,
        control=SHUFFLED,
        one=ONE,
        oracle=oracle,
        evaluations=list(dict.fromkeys(run.results.evaluation for run in runs)),
        fixed=not oracle and all(run.results.selection.startswith("last epoch") for run in runs),
        ablation=study,
        ablation_chart=None if study is None else study_chart(study),
        shares=shares,
        comparison=comparison,
        comparison_chart=None if comparison is None else comparison_chart(comparison),
        incomparable=incomparable,
        published=beside_published(outcomes),
        version=version("raicl"),
    )
    write_atomic(path, text.encode(errors="replace"))
    return _write_measures(path, [run.measured for run in runs if run.measured is not None])


def _measures_of(page: Path) -> Path:
    return page.with_suffix(".regions.json")


def _write_measures(page: Path, runs: Sequence[MeasuredRun]) -> Path | None:
    """Write the measures beside the page. Those of an earlier page do not stay beside this one."""
    path = _measures_of(page)
    if not runs:
        path.unlink(missing_ok=True)
        return None
    write_versioned(path, Measurements(runs=tuple(runs)))
    return path


def _refuse_other_measures(path: Path) -> None:
    """Refuse to replace a file that holds no measures."""
    if not path.is_file():
        return
    try:
        read_versioned(path, Measurements, fix="", kind="the file of the measures")
    except InputError as error:
        raise ConflictError(
            "the file of the measures beside the page exists and holds none",
            where=str(path),
            fix="choose another --out",
        ) from error


def _compare(outcomes: Sequence[Outcome]) -> tuple[Comparison | None, str]:
    """The comparison, or the reason why the runs cannot be compared, which the page then states."""
    if len(outcomes) < 2:
        return None, ""
    try:
        return compare(outcomes), ""
    except InputError as error:
        return None, f"{error.what}. {error.fix}."


def _run(
    outcome: Outcome, flows: Sequence[Path], faces: bool, alone: bool, truth: Path | None
) -> ShownRun:
    missing = ["folds"] if outcome.results.partial else []
    gone = weights_gone(outcome)
    if gone and (faces or flows or truth is not None):
        missing.append("weights")
    redrawn: list[Picture] = []
    drawn: list[Picture] = []
    if not faces:
        missing.append("faces")
    else:
        from raicl.train.report.attention import drawn_in_training, redraw

        caches = _given(outcome, flows, alone) or recorded_caches(outcome)
        if caches and not gone:
            redrawn = redraw(outcome, caches)
        else:  # there are only the pictures that the run drew itself
            drawn = drawn_in_training(outcome)
            missing += ([] if caches else ["caches"]) + ([] if drawn else ["drawn"])
    measured = None if gone else _measured(outcome, _given(outcome, flows, alone), truth)
    measures = [] if measured is None else list(measure_rows(measured).values())
    return ShownRun(
        **vars(facts(outcome)),
        calibration=calibration(outcome),
        votes=outcome.settings.infer == "vote",
        charts=charts(outcome.logs),
        redrawn=redrawn,
        drawn=drawn,
        licensed=licensed(outcome.results.databases),
        missing=missing,
        measured=measured,
        measures=measures,
    )


def _measured(outcome: Outcome, given: Sequence[Path], truth: Path | None) -> MeasuredRun | None:
    """The measures of a run, if its caches or a truth were given and there is one to take."""
    if truth is None and not (given and outcome.settings.mrd):
        return None
    from raicl.train.report.regions import measure

    caches = given or recorded_caches(outcome)
    if not caches:
        fix = "give them: raicl report RUN --flows FLOWS --truth DATABASE"
        raise caches_gone(outcome, fix)
    return measure(outcome, caches, truth)


def _given(outcome: Outcome, flows: Sequence[Path], alone: bool) -> list[Path]:
    """Those of `flows` that the run used. For a run `alone` all, so that a wrong one is refused."""
    if alone:
        return list(flows)
    digests = {cache.digest for cache in outcome.environment.caches}
    return [path for path in flows if read_index(path).digest in digests]
