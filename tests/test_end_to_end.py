"""The commands as a user types them, from a synthetic tree to pooled scores."""

import json
import resource
from pathlib import Path

import pytest

from tests.commands import QUICK, run
from tests.data.trees import SAMPLES


def processor_seconds() -> float:
    """Spent by finished child processes; the wall's clock also counts what other programs take."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a synthetic database where `casme2` is looked for, and its cache."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "data" / "raw").mkdir(parents=True)
    made = run("raicl", "synth", "data/raw/casme2", "--subjects", 3, "--clips", 2, cwd=folder)
    assert made.returncode == 0, made.stderr
    prepared = run("raicl-prep", "casme2", "--out", "flows.h5", *QUICK, cwd=folder)
    assert prepared.returncode == 0, prepared.stderr
    return folder


def test_the_audit_lists_every_clip_and_touches_no_pixel(place: Path) -> None:
    answer = run("raicl-prep", "casme2", "--dry-run", "--json", cwd=place)
    assert answer.returncode == 0, answer.stderr
    audit = json.loads(answer.stdout)
    assert audit["dataset"] == "casme2"
    assert len(audit["clips"]) == 6
    assert {"id", "subject", "emotion", "onset", "apex", "offset", "n_frames", "flags"} <= set(
        audit["clips"][0]
    )
    assert set(audit["clips"][0]["labels"]) >= {"cde", "five"}


def test_a_second_preparation_computes_nothing_in_under_five_seconds(place: Path) -> None:
    before = (place / "flows.h5").read_bytes()
    started = processor_seconds()
    answer = run("raicl-prep", "casme2", "--out", "flows.h5", *QUICK, cwd=place)
    assert answer.returncode == 0, answer.stderr
    assert "6 cached" in answer.stdout
    assert processor_seconds() - started < 5
    assert (place / "flows.h5").read_bytes() == before


def test_training_pools_every_fold_and_a_repeat_trains_none(place: Path) -> None:
    words = ["raicl-train", "flows.h5", "--fold", "all", "--preset", "tiny", "--epochs", "1"]
    words += ["--run-dir", "run", "--json"]
    answer = run(*words, cwd=place)
    assert answer.returncode == 0, answer.stderr
    results = json.loads(answer.stdout)
    assert results["folds"] == {"done": 3, "all": 3}
    assert 0 <= results["uf1"] <= 1
    rows = (place / "run" / "predictions.csv").read_text().splitlines()
    again = run(*words, cwd=place)
    assert "3 of 3 folds are finished already" in again.stderr
    assert (place / "run" / "predictions.csv").read_text().splitlines() == rows
    assert (place / "run" / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_a_cache_of_every_frame_is_trained_on_by_another_sampling(place: Path) -> None:
    quick = ["--size", "65", "--flow", "dis", "--sampling", "all"]
    answer = run("raicl-prep", "casme2", "--out", "all.h5", *quick, cwd=place)
    assert answer.returncode == 0, answer.stderr
    words = ["raicl-train", "--preset", "tiny", "--epochs", "1", "--fold", "0", "--no-pictures"]
    words += ["--sampling", "random", "--n-frames", "4"]
    trained = run(*words, "all.h5", "--run-dir", "sampled", cwd=place)
    assert trained.returncode == 0, trained.stderr
    refused = run(*words, "flows.h5", "--run-dir", "refused", cwd=place)
    assert refused.returncode == 3
    assert "--sampling all --out flows.h5" in refused.stderr
    assert not (place / "refused").exists()


def test_short_clips_are_foreseen_skipped_or_an_error(place: Path) -> None:
    words = ["raicl-prep", "casme2", "--limit", "2", "--n-frames", "999", "--flow", "dis"]
    foreseen = run(*words, "--short", "skip", "--dry-run", "--json", cwd=place)
    assert len(json.loads(foreseen.stdout)["sampling"]["skipped"]) == 2
    used = run(*words, "--size", "65", "--out", "short.h5", cwd=place)
    assert used.returncode == 0, used.stderr
    assert "2x short-clip" in used.stdout
    failed = run(*words, "--short", "error", "--out", "error.h5", cwd=place)
    assert failed.returncode == 5
    assert "frames after the onset, the sampling wants 999" in failed.stderr


def test_a_clip_is_drawn_and_a_cache_is_packed_and_trained_on(place: Path) -> None:
    shown = json.loads(run("raicl", "inspect", "flows.h5", "--json", cwd=place).stdout)
    assert (shown["clips"], shown["subjects"], shown["instances"]) == (6, 3, 24)
    listed = run("raicl-prep", "casme2", "--dry-run", "--json", cwd=place).stdout
    clip = json.loads(listed)["clips"][0]["id"]
    drawn = run("raicl", "inspect", "flows.h5", "--clip", clip, "--out", "clip.png", cwd=place)
    assert drawn.returncode == 0, drawn.stderr
    assert (place / "clip.png").read_bytes().startswith(b"\x89PNG")
    assert run("raicl", "pack", "flows.h5", "one.h5", cwd=place).returncode == 0
    for name in ("flows.h5", "one.h5"):
        validated = run("raicl", "validate", name, cwd=place)
        assert (validated.returncode, validated.stdout) == (0, f"{name}: 6 of 6 clips are whole\n")
    folds = [
        run("raicl-train", name, "--list-folds", cwd=place).stdout
        for name in ("flows.h5", "one.h5")
    ]
    assert folds[0] == folds[1]
    assert "sub01" in folds[0]


WRONG = [
    (["raicl-prep", "casme2", "--out", "x.h5"], 3, "data/raw/casme2"),
    (["raicl-prep", "casme3d", "--out", "x.h5"], 2, "casme3d"),
    (["raicl-prep", "casme2"], 2, "--out"),
    (["raicl-prep", "casme2", "--out", "x.h5", "--size", "0"], 2, "size"),
    (["raicl-prep", "casme2", "--out", "x.h5", "--window", "minutes:1"], 2, "window = 'minutes:1'"),
    (["raicl-prep", "casme2", "--out", "x.h5", "--sampling", "best"], 2, "best"),
    (["raicl-prep", "casme2", "--out", "x.h5", "--jobs", "0"], 2, "--jobs 0"),
    (["raicl-prep", "casme2", "--root", "none", "--out", "x.h5"], 3, "none"),
    (["raicl-prep", "casme2", "--out", "x.h5", "--config", "none.toml"], 3, "none.toml"),
    (["raicl-prep", "samm", "--out", "x.h5"], 3, "data/raw/samm"),
    (["raicl-prep", "casme2", "--variant", "vis", "--out", "x.h5"], 2, "only smic has"),
    (["raicl-prep", "synthetic", "--variant", "vis", "--out", "x.h5"], 2, "only smic has"),
    (["raicl-prep", "smic", "--variant", "uv", "--out", "x.h5"], 2, "one of hs, vis, nir, e-hs"),
    (["raicl-train", "none.h5", "--fold", "all"], 3, "none.h5"),
    (["raicl-train", "text.h5", "--fold", "all"], 3, "text.h5"),
    (["raicl", "inspect", "text.h5"], 3, "text.h5"),
    (["raicl", "validate", "text.h5"], 3, "text.h5"),
    (["raicl", "synth", "."], 6, "not empty"),
]


@pytest.mark.parametrize(("words", "code", "said"), WRONG)
def test_wrong_input_leaves_with_its_code_and_no_traceback(
    tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "text.h5").write_text("no cache")
    answer = run(*words, cwd=tmp_path)
    assert answer.returncode == code, answer.stderr
    assert "Traceback" not in answer.stderr
    assert said in answer.stderr
    if code != 2:
        assert "error: " in answer.stderr
        assert "fix: " in answer.stderr


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_database_is_audited_by_its_name_and_variant(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    root = sample.write(tmp_path / "database")
    words = ["raicl-prep", sample.dataset, "--root", root, "--dry-run", "--json"]
    words += ["--variant", sample.variant] if sample.variant else []
    answer = run(*words, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert [clip["id"] for clip in json.loads(answer.stdout)["clips"]] == sample.ids


@pytest.mark.parametrize("command", ["raicl", "raicl-prep", "raicl-train"])
def test_help_answers_in_under_a_second(command: str, tmp_path: Path) -> None:
    run(command, "--help", cwd=tmp_path)  # bytecode is compiled once
    started = processor_seconds()
    answer = run(command, "--help", cwd=tmp_path)
    assert processor_seconds() - started < 1
    assert answer.returncode == 0
    assert "raicl" in answer.stdout


@pytest.mark.parametrize("command", ["raicl", "raicl-prep", "raicl-train"])
def test_the_version_is_shown(command: str, tmp_path: Path) -> None:
    assert run(command, "--version", cwd=tmp_path).stdout.startswith("raicl 0.")


def test_the_doctor_finds_this_installation_sound(tmp_path: Path) -> None:
    answer = run("raicl", "doctor", cwd=tmp_path)
    assert answer.returncode == 0, answer.stdout
    assert "FAIL" not in answer.stdout


def test_the_doctor_explains_a_torchvision_that_does_not_fit(tmp_path: Path) -> None:
    # a stand-in for the real mismatch, which fails at import with this very message
    package = tmp_path / "torchvision"
    package.mkdir()
    for body, told in (
        ("raise RuntimeError('operator torchvision::nms does not exist')", "nms does not exist"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the import ended with -11"),
    ):
        (package / "__init__.py").write_text(body)
        answer = run("raicl", "doctor", cwd=tmp_path, PYTHONPATH=str(tmp_path))
        assert answer.returncode == 4
        assert told in answer.stdout
        assert "install --upgrade --force-reinstall torch torchvision" in answer.stdout
