"""Run folders written through the public functions, without any training."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from raicl.common.digests import list_of
from raicl.common.files import sha256_file, write_json
from raicl.common.sealing import seal
from raicl.common.versioned import write_versioned
from raicl.data.protocols.protocol import Protocol, load_protocol
from raicl.train.clips.folds import WITHIN
from raicl.train.inputs.scaling import Scale
from raicl.train.run.key import to_toml
from raicl.train.run.records import CacheSource, Environment, FoldRecord
from raicl.train.scores.predictions import Prediction, write_predictions
from raicl.train.scores.results import PooledScores, Progress, Results
from raicl.train.scores.summary import summarise
from raicl.train.settings import TrainSettings

CLASSES = ("negative", "positive", "surprise")


def predictions_of(
    truths: dict[str, Sequence[int]], *, wrong: Sequence[str] = (), n_classes: int = 3
) -> list[Prediction]:
    """One row per true class of each subject; the clips named in `wrong` get the next class.

    Of each subject the first clip moves least, by half a px, and every other .05 px more.
    """
    rows = []
    for subject, classes in truths.items():
        for index, truth in enumerate(classes):
            clip = f"{subject}/EP{index + 1:02d}"
            predicted = (truth + (clip in wrong)) % n_classes
            shares = tuple(
                0.5 if c == predicted else 0.5 / (n_classes - 1) for c in range(n_classes)
            )
            rows.append(
                Prediction(
                    clip=clip,
                    subject=subject,
                    truth=truth,
                    predicted=predicted,
                    probabilities=shares,
                    motion_px=round(0.5 + 0.05 * index, 2),
                )
            )
    return rows


def results_of(scores: PooledScores, **changed: Any) -> Results:
    """Results with these scores, of a finished run of the composite protocol."""
    values: dict[str, Any] = {
        "control": "none",
        "protocol": "cde",
        "evaluation": WITHIN,
        "held_out": {},
        "sheets": {"synthetic": "2014"},
        "official_list": (),
        "unmet": (),
        "all_databases": tuple(scores.databases),
        "selection": "last epoch of a fixed budget",
        "seed": 0,
        "folds": Progress(done=1, all=1),
        "failed": {},
        "outside_protocol": {"fear": 2},
        "left_out": {},
        "flagged": {},
        "split": "",
        "cache_digest": "ab" * 32,
        "duplicates": (),
        "device": "cpu",
        "run_dir": "run",
    }
    return Results(**(dict(scores) | values | changed))


def edit_sealed(path: Path, **changed: Any) -> None:
    """Change values of a file that holds its own digest, and the digest with them."""
    path.write_bytes(seal(json.loads(path.read_text()) | changed))


def seal_again(run: Path) -> None:
    """Make every digest of a run anew, after some of its files were changed on purpose."""
    for done in run.glob("folds/**/done.json"):
        digests = json.loads(done.read_text())["digests"]
        there = {name: done.with_name(name) for name in digests}
        edit_sealed(done, digests={n: sha256_file(p) for n, p in there.items() if p.exists()})
    edit_sealed(run / "env.json", settings_digest=sha256_file(run / "config.toml"))
    listed = json.loads((run / "run-digests.json").read_text())["files"]
    found = {name: sha256_file(run / name) for name in listed if (run / name).exists()}
    (run / "run-digests.json").write_bytes(list_of(found))


TRUTHS = {f"synthetic/sub{n:02d}": (0, 1, 2, 0) for n in range(1, 5)}


def write_run(
    folder: Path,
    rows: Sequence[Prediction] | None = None,
    *,
    classes: Sequence[str] = CLASSES,
    seed: int = 0,
    folds: int = 0,
    epochs: int = 3,
    results: dict[str, Any] | None = None,
    protocol: Protocol | None = None,
) -> Path:
    """A finished run.

    Parameters
    ----------
    rows : its predictions; by default those of `TRUTHS`, one of them wrong.
    folds : all folds of the run, if more than are done.
    results : values that replace those of ``results.json``.
    protocol : raicl's of the name in the results unless another is given.
    """
    rules = protocol or load_protocol((results or {}).get("protocol", "cde"))
    rows = rows or predictions_of(TRUTHS, wrong=["synthetic/sub02/EP02"])
    subjects = sorted({row.subject for row in rows})
    folder.mkdir(parents=True)
    write_predictions(folder / "predictions.csv", rows, classes)
    (folder / "config.toml").write_text(to_toml(TrainSettings(seed=seed, epochs=epochs)))
    environment = Environment(
        versions={"python": "3.11.0", "raicl": "0.1.0", "torch": "2.6.0"},
        git="0123456789ab",
        gpus=(),
        threads=1,
        command=("/somewhere/bin/raicl-train", "flows.h5", "--fold", "all"),
        cache_digest="ab" * 32,
        caches=(CacheSource(path="/somewhere/flows.h5", digest="ab" * 32, size=225),),
        protocol=rules,
        classes=tuple(classes),
        labels_digest="cd" * 32,
        tested=(),
    )
    write_versioned(folder / "env.json", environment)
    count = Progress(done=len(subjects), all=folds or len(subjects))
    found = results_of(
        summarise(rows, classes, seed=seed),
        seed=seed,
        protocol=rules.name,
        folds=count,
        held_out={subject: (subject,) for subject in subjects},
        run_dir=str(folder),
    )
    write_json(folder / "results.json", found.model_dump(mode="json") | (results or {}))
    for index, subject in enumerate(subjects):
        fold = folder / "folds" / subject
        fold.mkdir(parents=True)
        own = [row for row in rows if row.subject == subject]
        record = FoldRecord(
            held_out=subject,
            fold=index,
            epochs=epochs,
            seed=seed + index,
            clips=len(own),
            correct=sum(row.truth == row.predicted for row in own),
            scale=Scale(flow=0.25, strain=0.02, clip=10.0),
            network="online",
            class_counts=(4, 4, 4),
            seconds=1.5,
            device="cpu",
            digests={},
        )
        write_versioned(fold / "done.json", record)
        log = [
            {
                "epoch": epoch,
                "lr": 0.001,
                "seconds": 0.5,
                "loss": 2.0 / epoch + index / 10,
                "cls": 1.0 / epoch,
                "usage": 4.0 + index,
                "log_map_norm": -1.0,
            }
            for epoch in range(1, epochs + 1)
        ]
        (fold / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in log))
    return folder
