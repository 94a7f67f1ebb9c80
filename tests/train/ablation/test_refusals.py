"""What a study refuses, and rows that its cache cannot serve."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache, write_index
from raicl.train.scores.predictions import read_predictions
from tests.train.ablation.conftest import GRID, Words
from tests.train.conftest import MakeCache, Raicl


def test_a_row_the_cache_cannot_serve_is_named_and_the_others_are_there(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    grid = tmp_path / "mine.toml"
    grid.write_text(GRID.replace("apex", "all"))
    answer = raicl(*study, "--seeds", 0)
    assert answer.code == 5
    assert "needs frames the cache does not hold" in answer.out
    assert "Traceback" not in answer.err
    table = json.loads((tmp_path / "study/table.json").read_text())
    assert [row["scores"] is None for row in table["rows"]] == [False, False, True]
    assert table["claims"][1]["verdict"] == "not run"
    assert table["units"] == {"done": 2, "all": 3}


def test_without_an_apex_m12_fails_alone_and_the_middle_stands_in_for_that_of_m1_and_m7(
    tmp_path: Path, study: Words, make_cache: MakeCache, raicl: Raicl
) -> None:
    made = make_cache(
        tmp_path / "smic.h5", dataset="smic", emotions=("negative", "positive", "surprise")
    )
    cache = open_cache(made)
    records = [replace(record, clip=replace(record.clip, apex=None)) for record in cache.records]
    write_index(made, records, size=cache.size, settings=cache.settings)
    late = GRID + "[rows.late]\nsettings = { sampling = 'decay' }\n"
    late += "[rows.around]\nsettings = { sampling = 'apex-centred', n_frames = 3 }\n"
    (tmp_path / "mine.toml").write_text(late)
    answer = raicl(study[0], made, *study[2:], "--seeds", 0, "--fold", "#0")
    assert answer.code == 5, answer.err
    table = json.loads((tmp_path / "study/table.json").read_text())
    assert [row["row"] for row in table["rows"] if row["scores"] is None] == ["late"]
    assert list(table["incomplete"]) == ["late, seed 0"]
    told = {row["row"]: row["remarks"] for row in table["rows"]}
    assert told["whole"] == []
    for row in ("apex", "around"):
        assert [remark.split(":")[0] for remark in told[row]] == ["9 clips apex-stand-in"]
    assert f"apex: {told['apex'][0]}" in (tmp_path / "study/table.txt").read_text()


def test_a_fold_is_the_same_subject_in_every_row_whoever_a_row_leaves_out(
    tmp_path: Path, study: Words, make_cache: MakeCache, raicl: Raicl
) -> None:
    made = make_cache(
        tmp_path / "smic.h5", dataset="smic", emotions=("negative", "positive", "surprise")
    )
    cache = open_cache(made)
    records = [
        replace(record, clip=replace(record.clip, apex=None))
        if record.clip.subject == "sub01"
        else record
        for record in cache.records
    ]
    write_index(made, records, size=cache.size, settings=cache.settings)
    needs_apex = GRID.replace('"apex" }', '"decay", n_frames = 2 }')
    (tmp_path / "mine.toml").write_text(needs_apex)
    words = [study[0], made, *study[2:], "--seeds", 0, "--rows", "whole,apex"]
    assert raicl(*words, "--fold", "#1").code == 0
    for name in ("whole", "apex"):
        rows, _ = read_predictions(tmp_path / f"study/{name}/seed-0/predictions.csv")
        assert {row.subject for row in rows} == {"smic/sub02"}
    answer = raicl(*words, "--fold", "sub01", "--dir", tmp_path / "other")
    assert answer.code == 5
    assert "apex, seed 0 failed: none of the folds asked for has clips" in answer.err


def test_runs_of_other_settings_do_not_come_into_the_table(study: Words, raicl: Raicl) -> None:
    once = [*study, "--rows", "plain,whole", "--seeds", 0, "--fold", "#0"]
    assert raicl(*once).code == 0
    for words in (["--epochs", 1], ["--epochs", 1, "--dry-run"]):
        answer = raicl(*once, *words)
        assert answer.code == 6
        assert "epochs = 2, now 1" in answer.err


@pytest.mark.parametrize(
    ("row", "what"), [("epoch = 3", "row odd"), ('protocol = "five"', "cde and five")]
)
def test_a_row_with_an_unknown_setting_or_another_protocol_is_refused_before_anything_runs(
    tmp_path: Path, study: Words, raicl: Raicl, row: str, what: str
) -> None:
    (tmp_path / "mine.toml").write_text(GRID + f"[rows.odd]\nsettings = {{ {row} }}\n")
    answer = raicl(*study)
    assert answer.code == 2
    assert what in answer.err
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (["--seeds", "0,0"], 2, "names a seed twice"),
        (["--control", "shuffle-labels"], 2, "a study compares real runs"),
        (["--seeds", "one"], 2, "whole numbers"),
        (["--seed", "3"], 2, "give --seeds"),
        (["--rows", "plain"], 2, "add whole"),
        (["--grid", "papper"], 2, "one of annotation-error, frame-rate, "),
        (["--fold", "sub99"], 2, "no such subject"),
        (["--preset", "tyny"], 2, "no such preset"),
    ],
)
def test_wrong_words_end_with_what_to_do(
    study: Words, words: list[str], code: int, what: str, raicl: Raicl
) -> None:
    answer = raicl(*study, *words)
    assert answer.code == code
    assert what in answer.err + answer.out
    assert "Traceback" not in answer.err
