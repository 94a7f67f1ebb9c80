"""Tables of runs whose predictions are known, without any training."""

import csv
from pathlib import Path

import numpy as np
import pytest

from raicl.common.errors import InputError
from raicl.data.protocols.protocol import load_protocol
from raicl.train.ablation.grid import Claim, Grid, GridRow
from raicl.train.ablation.pasted import study_pasted
from raicl.train.ablation.study import Study
from raicl.train.ablation.table import tabulate
from raicl.train.ablation.text import table_csv, table_text
from raicl.train.ablation.units import plan_units
from raicl.train.report.published import ablation_figures
from raicl.train.scores.metrics import uf1
from raicl.train.scores.results import Progress
from raicl.train.scores.summary import subject_tables
from tests.train.runs import CLASSES, predictions_of, write_run
from tests.train.studies import MANY, SMALL, SOME, TRUTHS, study_of, wrong


def test_the_cost_of_a_small_network_is_not_printed_as_nothing(tmp_path: Path) -> None:
    table = tabulate(study_of(tmp_path, {"A": [wrong(*SOME)]}), {})
    cost = table.rows[0].cost
    assert cost is not None
    small = cost.model_copy(update={"pair_flops": 1_234, "instance_flops": 56_700_000})
    row = table.rows[0].model_copy(update={"cost": small})
    shown = table_text(table.model_copy(update={"rows": [row]}))
    [line] = [line for line in shown.splitlines() if "0.0012" in line]
    assert " 57 " in line


def test_the_interval_of_a_mean_over_seeds_is_that_of_a_loop_over_the_draws(
    tmp_path: Path,
) -> None:
    seeds = [wrong(*MANY[:9]), wrong(*MANY[5:20]), wrong(*SOME)]
    found = tabulate(study_of(tmp_path, {"A": seeds}), {}).rows[0].scores.uf1
    tables = [np.stack(list(subject_tables(rows, CLASSES).values())) for rows in seeds]
    drawn = np.random.default_rng(0).multinomial(8, [1 / 8] * 8, size=2000)
    means = []
    for times in drawn:
        pooled = [sum(n * one for n, one in zip(times, t, strict=True)) for t in tables]
        means.append(sum(float(uf1(table)) for table in pooled) / 3)
    assert found.interval_95 == pytest.approx(list(np.quantile(means, [0.025, 0.975])))
    assert found.by_seed == pytest.approx([float(uf1(t.sum(0))) for t in tables])


def test_a_claim_is_judged_by_the_sign_and_holms_p_of_the_difference_in_uf1(tmp_path: Path) -> None:
    rows = {"low": [wrong(*MANY)], "near": [wrong(*SOME[:1])], "high": [wrong(*SOME[1:2])]}
    claims = (
        Claim(lower="low", higher="high"),
        Claim(lower="high", higher="low"),
        Claim(lower="near", higher="high"),
        Claim(alike=("high", "near")),
        Claim(alike=("high", "low")),
    )
    table = tabulate(study_of(tmp_path, rows, *claims), {})
    undecided = "not told apart"
    assert [claim.verdict for claim in table.claims] == [
        *("supported", "contradicted", undecided, undecided, "contradicted")
    ]
    least = 2 / 2**8
    assert [claim.holm_p for claim in table.claims] == [5 * least] * 2 + [1, 1, 5 * least]
    assert "low < high: supported (+47.9, +43.7 to +50.0, p 0.0078, Holm 0.0391)" in table_text(
        table
    )
    # a seventh true claim is one too many for eight subjects, however clear the difference
    more = tabulate(study_of(tmp_path / "more", rows, *[claims[0]] * 7), {})
    assert {claim.difference.uf1.p for claim in more.claims} == {least}
    assert {claim.verdict for claim in more.claims} == {undecided}


def test_the_p_of_a_row_is_corrected_for_the_number_of_rows(tmp_path: Path) -> None:
    rows = {"low": [wrong(*MANY)], "near": [wrong(*SOME)], "none": [], "base": [wrong(SOME[1])]}
    table = tabulate(study_of(tmp_path, rows), {})
    first, second, none, reference = table.rows
    assert (first.against_reference.uf1.p, first.holm_p) == (2 / 2**8, 4 / 2**8)
    assert (second.against_reference.uf1.p, second.holm_p) == (2 / 2**3, 2 / 2**3)
    assert none.holm_p is reference.holm_p is None
    lines = table_text(table).splitlines()
    header, line = (next(x for x in lines if x.startswith(y)) for y in ("minus", f"{'low':12}-"))
    for column, value in (("p", "0.0078"), ("Holm", "0.0156"), ("least p", "0.0078")):
        assert line[header.index(f" {column} ") + 1 :].startswith(value)
    finds = f"{100 * first.against_reference.uf1.detectable:.1f} "
    assert line[header.index("finds") :].startswith(finds)


def test_one_subject_tests_no_claim(tmp_path: Path) -> None:
    rows = [row for row in wrong() if row.subject.endswith("01")]
    study = study_of(tmp_path, {"A": [rows], "B": [rows]}, Claim(lower="A", higher="B"))
    assert tabulate(study, {}).claims[0].verdict == "not tested, one subject"


def test_rows_that_leave_out_clips_are_compared_on_those_both_tested(tmp_path: Path) -> None:
    part = [row for row in wrong(*SOME) if row.clip[-1] in "1245"]
    table = tabulate(study_of(tmp_path, {"A": [part], "B": [wrong()]}), {})
    assert [row.clips for row in table.rows] == [32, 48]
    found = table.rows[0].against_reference
    assert found.clips == 32
    assert found.accuracy.value == pytest.approx(-len(SOME) / 32)
    nothing = [row for row in wrong() if row.clip[-1] in "36"]
    other = study_of(tmp_path / "other", {"A": [part], "B": [nothing]})
    assert tabulate(other, {}).rows[0].against_reference is None


@pytest.mark.parametrize(
    "asked", [{"sampling": "random", "redraw": False}, {"sampling": "all", "scale_fit": "middle"}]
)
def test_a_row_that_samples_has_a_cost_as_any_row(tmp_path: Path, asked: dict[str, object]) -> None:
    fixed = GridRow(settings=asked)
    grid = Grid(reference="fixed", rows={"fixed": fixed})
    units = plan_units(grid, (0,), [Path("flows.h5")], [("test", SMALL)], tmp_path)
    write_run(units[0].folder, wrong())
    table = tabulate(Study(grid=grid, seeds=(0,), units=units, folds=None, folder=tmp_path), {})
    assert table.rows[0].cost.trained > 0


def test_an_unfinished_study_says_how_many_units_there_are(tmp_path: Path) -> None:
    table = tabulate(study_of(tmp_path, {"A": [wrong()], "B": [wrong(), wrong(*SOME)]}), {})
    assert table.units == Progress(done=3, all=4)
    assert [row.seeds for row in table.rows] == [(0,), (0, 1)]
    assert "unfinished: 3 of 4 units have results" in table_text(table)


def test_runs_that_disagree_on_the_truth_give_no_table(tmp_path: Path) -> None:
    other = predictions_of(TRUTHS | {"synthetic/sub01": (1, 1, 2, 0, 1, 2)})
    with pytest.raises(InputError, match="synthetic/sub01/EP01 is negative in A, seed 0"):
        tabulate(study_of(tmp_path, {"A": [wrong()], "B": [other]}), {})


def longer(folder: Path) -> Study:
    """A study of M6 for twice the epochs."""
    grid = Grid(reference="M6", rows={"M6": GridRow(preset="M6", times={"epochs": 2})})
    units = plan_units(grid, (0,), [Path("flows.h5")], [("test", SMALL)], folder)
    write_run(units[0].folder, wrong())
    return Study(grid=grid, seeds=(0,), units=units, folds=None, folder=folder)


def test_published_figures_stand_beside_the_presets_they_are_of(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"M3a": [wrong()], "M6": [wrong()]}, presets=True)
    one, six = tabulate(study, {}).rows
    assert one.published is None
    assert six.published.uf1 == ablation_figures()["M6"].uf1
    assert tabulate(longer(tmp_path / "long"), {}).rows[0].published is None
    # a row of that very name without the preset is another thing
    named = study_of(tmp_path / "own", {"M6": [wrong()]})
    assert tabulate(named, {}).rows[0].published is None


def test_figures_of_the_paper_say_that_the_study_is_of_something_else(tmp_path: Path) -> None:
    table = tabulate(study_of(tmp_path, {"M6": [wrong()]}, presets=True), {})
    assert "not as in the paper: synthetic faces." in table_text(table)
    [row] = csv.DictReader(table_csv(table).splitlines())
    assert row["not_as_in_the_paper"].startswith("synthetic faces.")
    named = tabulate(study_of(tmp_path / "own", {"A": [wrong()]}), {})
    assert "as in the paper" not in table_text(named)  # nothing of the paper stands there


def test_no_figure_of_the_paper_stands_beside_other_rules(tmp_path: Path) -> None:
    cde = load_protocol("cde")
    rule = cde.databases["casme2"].model_copy(update={"require_apex": False})
    other = cde.model_copy(update={"databases": {**cde.databases, "casme2": rule}})
    table = tabulate(study_of(tmp_path, {"M6": [wrong()]}, presets=True, protocol=other), {})
    assert table.rows[0].published is None
    differs = "synthetic: no apex is needed in place of one"
    assert table.integrity["protocol"] == (f"cde (not raicl's: {differs})",)
    assert f"its protocol cde is not raicl's cde: {differs}" in table_text(table)
    assert f"Protocol cde (not raicl's: {differs});" in study_pasted(table).caption
