"""The model card: its metadata is what hubs read, its figures are those of the run."""

import dataclasses
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from markdown_it import MarkdownIt

from raicl.common.files import sha256_file
from raicl.data.database import DATABASES
from raicl.train.fitted.card import card_template, escape, known, write_card
from raicl.train.fitted.load import read_fitted
from raicl.train.fitted.records import Fitted, FittedDatabase
from raicl.train.inputs.scaling import Scale
from raicl.train.settings.inputs import ScaleName

MODELS = {
    "dlib68": "shape_predictor_68_face_landmarks.dat",
    "dlib5": "shape_predictor_5_face_landmarks.dat",
}


def parts(card: str) -> tuple[dict[str, Any], str]:
    """The metadata, and the text below."""
    _, block, text = re.split(r"^---$", card, maxsplit=2, flags=re.MULTILINE)
    values = yaml.safe_load(block)
    assert isinstance(values, dict)
    return values, text


@pytest.fixture
def card(place: Path) -> str:
    return (place / "model/README.md").read_text(encoding="utf-8")


@pytest.fixture
def fitted(place: Path) -> Fitted:
    return read_fitted(place / "model")


def written(fitted: Fitted, name: str = "model") -> str:
    write_card(Path(), name, fitted)
    return Path("README.md").read_text(encoding="utf-8")


def test_the_metadata_has_what_a_hub_reads(card: str) -> None:
    values, _ = parts(card)
    assert values["license"] == "other"
    assert values["license_link"] == "LICENSE"  # a file of this name in the folder
    assert re.fullmatch("[a-z0-9-]+", values["license_name"])
    assert values["library_name"] == "raicl"
    assert values["pipeline_tag"] == "video-classification"
    assert {"micro-expression-recognition", "casme2"} <= set(values["tags"])
    assert values["metrics"] == ["f1", "recall", "accuracy"]


def test_the_figures_of_the_metadata_are_those_of_the_run(place: Path, card: str) -> None:
    results = json.loads((place / "run/results.json").read_text())
    [index] = parts(card)[0]["model-index"]
    [row] = index["results"]
    assert index["name"] == "model"
    assert row["task"]["type"] == "video-classification"
    assert (row["dataset"]["type"], row["dataset"]["name"]) == ("casme2", "CASME II")
    found = {metric["type"]: metric["value"] for metric in row["metrics"]}
    names = {"f1": "uf1", "recall": "uar", "accuracy": "accuracy"}
    assert found == {metric: results[name] for metric, name in names.items()}
    assert all("not of these weights" in metric["name"] for metric in row["metrics"])


def test_the_figures_of_the_text_are_those_of_the_run(place: Path, card: str) -> None:
    results = json.loads((place / "run/results.json").read_text())
    _, text = parts(card)
    for key, name in (("uf1", "UF1"), ("uar", "UAR"), ("accuracy", "accuracy")):
        low, high = results["interval_95"][key]
        assert f"\n| {name} | {results[key]:.4f} | {low:.4f} to {high:.4f} |\n" in text
    for name, row in results["classes"].items():
        assert f"\n| {name} | {row['f1']:.3f} | {row['recall']:.3f} | {row['clips']} |\n" in text
    for name, counts in zip(results["classes"], results["confusion"], strict=True):
        assert f"\n| {name} | {' | '.join(map(str, counts))} |\n" in text
    assert "**These are not scores of these weights**" in text
    assert "leave-one-subject-out" in text
    assert "Each of its 3 networks" in " ".join(text.split())


def test_the_text_says_what_it_was_fitted_on_and_what_it_is_not_for(place: Path, card: str) -> None:
    _, text = parts(card)
    record = json.loads((place / "model/model.json").read_text())
    provenance = json.loads((place / "model/provenance.json").read_text())
    statistics = json.loads((place / "model/statistics.json").read_text())
    assert "| CASME II (`casme2`) | 9 | 3 | 3 | 3 | 3 | sheet test |" in text
    assert provenance["cache_digest"] in text
    assert f"divided by {record['scale']['flow']:.6g} px (flow)" in text
    known = [row for row in statistics["quantities"].values() if row["quantiles"] is not None]
    assert len(known) == 7  # the cache keeps no numbers of its clips' faces
    for quantity in known:
        least, _, fifth, _, median, _, most5, _, most = quantity["quantiles"]
        cells = " | ".join(f"{value:.3g}" for value in (fifth, median, most5, least, most))
        assert f"| {quantity['unit']} | {cells} | 9 |" in text
    assert "200 (9 clips)" in text
    plain = " ".join(text.split())
    for words in ("not a lie detector", "Not for judging people", "deception", "at work", "CVPR"):
        assert words in plain
    assert "Probabilities are not calibrated" in plain


def test_without_a_run_no_score_is_claimed(place: Path, fitted: Fitted) -> None:
    values, text = parts(written(dataclasses.replace(fitted, scores=None)))
    assert "model-index" not in values
    assert "metrics" not in values
    assert "None are claimed" in text
    assert "UF1" not in text


def test_every_table_is_one(card: str) -> None:
    tokens = MarkdownIt().enable("table").parse(parts(card)[1])
    rows: list[list[int]] = []
    for token in tokens:
        if token.type == "table_open":
            rows.append([])
        elif token.type == "tr_open":
            rows[-1].append(0)
        elif token.type in {"th_open", "td_open"}:
            rows[-1][-1] += 1
    assert [len(table) for table in rows] == [2, 4, 4, 4, 8]
    assert all(len(set(table)) == 1 for table in rows)
    assert not any("|---" in token.content for token in tokens if token.type == "inline")


NASTY = 'a|b`c`\n---\nmodel-index: []\n<script>x</script> [y](z) \\ "q" \u202e\ud83d\ude00 *i*'


def called(fitted: Fitted, name: str) -> Fitted:
    """The same model, in which everything that has a name of its own is called so."""
    assert fitted.scores is not None
    [database] = fitted.record.databases.values()
    record = fitted.record.model_copy(
        update={
            "outside_protocol": {name: 1},
            "left_out": {"clip": name},
            "preparation": {name: name},
            "databases": {name: database},
        }
    )
    scores = fitted.scores.model_copy(update={"run": name})
    return dataclasses.replace(fitted, record=record, scores=scores)


def test_no_name_can_change_the_card(place: Path, fitted: Fitted) -> None:
    values, text = parts(written(called(fitted, NASTY), NASTY))
    before, plain = parts(written(called(fitted, "plain"), "plain"))
    assert values.keys() == before.keys()
    assert len(values["tags"]) == len(before["tags"])
    assert (
        values["model-index"][0]["results"][0]["metrics"]
        == (before["model-index"][0]["results"][0]["metrics"])
    )
    kinds = [[t.type for t in MarkdownIt().enable("table").parse(x)] for x in (text, plain)]
    assert kinds[0] == kinds[1]
    inline = [
        child.type
        for token in MarkdownIt().enable("table").parse(text)
        for child in token.children or ()
    ]
    assert "html_inline" not in inline
    assert "link_open" not in inline


@pytest.mark.parametrize("mode", get_args(ScaleName))
def test_every_way_to_scale_is_told(place: Path, fitted: Fitted, mode: ScaleName) -> None:
    scale = Scale(flow=0.5, strain=0.25, clip=None, mode=mode)
    record = fitted.record.model_copy(update={"scale": scale})
    [line] = re.findall("- Inputs are .*", written(dataclasses.replace(fitted, record=record)))
    assert line.endswith(f"(`{mode}`).")
    assert ("0.5 px" in line) == (mode in {"train-std", "const"})


def test_only_texts_are_escaped() -> None:
    assert escape(0.5) == 0.5
    assert escape("a_b|c") == r"a\_b\|c"
    assert escape("two\nlines") == r"two\\nlines"


def test_the_licences_are_told_and_what_is_not_known_is_said(place: Path, fitted: Fitted) -> None:
    def licence(databases: list[str], **preparation: str) -> str:
        part = FittedDatabase(
            clips=3,
            subjects=1,
            classes=dict.fromkeys(fitted.record.classes, 1),
            sheet="",
            layout="",
        )
        record = fitted.record.model_copy(
            update={"databases": dict.fromkeys(databases, part), "preparation": preparation}
        )
        card = written(dataclasses.replace(fitted, record=record, scores=None))
        text = Path("LICENSE").read_text(encoding="utf-8")
        assert text.strip() in card  # the same words in both
        return " ".join(card.split())

    bound = "Whoever passes the weights on passes these terms on"
    sixty_eight = digest_of("dlib68")
    assert bound in licence(["casme2", "samm"], landmarks=digest_of("dlib5"))
    text = licence(["synthetic"], landmarks=sixty_eight)
    assert "68 points: non-commercial use only" in text
    assert bound in text
    assert "**Synthetic clips.** All of the clips are synthetic" in text
    assert "say nothing about people" in text
    free = licence(["synthetic"], landmarks="none")
    assert bound not in free
    assert "research only" in free
    assert "the caches do not say which one was used" in licence(["synthetic"])
    assert bound in licence(["synthetic"], landmarks="ab" * 32)  # a model that is not known
    assert "**Synthetic clips.** 3 of the clips" in licence(["casme2", "synthetic"])


def digest_of(model: str) -> str:
    package = find_spec("face_recognition_models")
    assert package is not None
    [folder] = package.submodule_search_locations or []
    return sha256_file(Path(folder) / "models" / MODELS[model])


def test_every_database_and_the_models_that_are_installed_are_known() -> None:
    for name in DATABASES:
        assert "does not know" not in known("databases", name).licence
    assert not known("landmarks", digest_of("dlib68")).free
    assert known("landmarks", digest_of("dlib5")).free
    assert "does not know" in known("landmarks", "ab" * 32).licence


def test_the_templates_are_in_the_package() -> None:
    assert card_template().name == "card.md.jinja"
