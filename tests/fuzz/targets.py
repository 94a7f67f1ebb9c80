"""What is fuzzed: readers of files that may come from anywhere, and what their files begin as.

A target is given a file. It may raise a `RaiclError`; anything else is a finding.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raicl.common.cache.flows import open_cache
from raicl.common.cache.shards import read_shard
from raicl.common.settings import merge, read_toml
from raicl.common.versioned import read_versioned
from raicl.data.protocols.protocol import load_protocol
from raicl.data.records import Frame
from raicl.data.sheets.sheet import read_grids, read_sheet
from raicl.preprocess.frames import decode_grey, read_frame
from raicl.preprocess.importing.files import read_flow
from raicl.preprocess.video.intervals import read_table
from raicl.train.ablation.grid import read_grid
from raicl.train.clips.fold_option import choose_folds
from raicl.train.clips.folds import Fold
from raicl.train.run.records import Environment, FoldRecord
from raicl.train.scores.predictions import read_predictions
from raicl.train.scores.results import Results
from raicl.train.settings import TrainSettings

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden"
_COLUMNS = {name: (name,) for name in ("subject", "clip", "onset", "offset", "emotion")}
_SHEET = (
    b"subject,clip,onset,offset,emotion,apex\r\ns1,a,1,9,happiness,/\r\ns2,b,2,8,Others,5.0\r\n"
)
_FOLDS = tuple(
    Fold(index=index, name=name, train=(), test=())
    for index, name in enumerate(["casme2/sub01", "casme2/sub02", "samm/3", "smic/s03"])
)


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes
    ----------
    read : reads a file.
    suffix : of the file.
    seeds : contents to begin with, by name.
    """

    read: Callable[[Path], object]
    suffix: str
    seeds: Callable[[], Mapping[str, bytes]]


def _files(*paths: Path) -> Callable[[], dict[str, bytes]]:
    return lambda: {path.name: path.read_bytes() for path in paths}


def _pictures() -> dict[str, bytes]:
    import cv2

    image = (np.arange(16 * 16 * 3) % 251).reshape(16, 16, 3).astype(np.uint8)
    kinds = (".png", ".jpg", ".bmp", ".tiff", ".webp")
    deep = cv2.imencode(".png", image[..., 0].astype(np.uint16) * 257)[1].tobytes()
    return {f"a{kind}": cv2.imencode(kind, image)[1].tobytes() for kind in kinds} | {"deep": deep}


def _workbooks() -> dict[str, bytes]:
    from openpyxl import Workbook

    book, stream = Workbook(), io.BytesIO()
    for line in _SHEET.decode().split():
        book.active.append(line.split(","))
    book.save(stream)
    return {"a.xlsx": stream.getvalue()}


def _arrays() -> dict[str, bytes]:
    found = {}
    for name, save in (("npy", np.save), ("npz", np.savez)):
        stream = io.BytesIO()
        save(stream, np.zeros((2, 14, 14), np.float32))
        found[name] = stream.getvalue()
    return found


def _shard() -> dict[str, bytes]:
    import tempfile

    from raicl.common.cache.flows import shards_folder
    from tests.train.caches import write_cache

    with tempfile.TemporaryDirectory() as folder:
        path = write_cache(Path(folder) / "flows.h5", subjects=1, clips=1, n=1, size=4)
        [shard] = shards_folder(path).glob("*.h5")
        return {"shard": shard.read_bytes()}


def _choose(path: Path) -> object:
    words = path.read_bytes().decode("utf-8", "replace").split("\0")
    return choose_folds(_FOLDS, words, note=lambda _: None)


def _read_all(path: Path) -> None:
    cache = open_cache(path)
    for record in cache.records:
        cache.read(record)


def _run_file(kind: type, name: str) -> Target:
    run = GOLDEN / "run-v1"
    paths = sorted(run.rglob(name))[:1]
    return Target(lambda path: read_versioned(path, kind, fix="mend it"), ".json", _files(*paths))


TARGETS: dict[str, Target] = {
    "index": Target(_read_all, ".h5", _files(*sorted(GOLDEN.glob("flows-*.h5")))),
    "shard": Target(read_shard, ".h5", _shard),
    "results": _run_file(Results, "results.json"),
    "environment": _run_file(Environment, "env.json"),
    "record": _run_file(FoldRecord, "done.json"),
    "predictions": Target(
        read_predictions, ".csv", _files(*sorted(GOLDEN.rglob("predictions.csv"))[:1])
    ),
    "table": Target(lambda path: read_sheet(path, _COLUMNS), ".csv", lambda: {"a.csv": _SHEET}),
    "workbook": Target(read_grids, ".xlsx", _workbooks),
    "intervals": Target(read_table, ".csv", lambda: {"a": b"input,onset,offset\na.mp4,1.5s,9\n"}),
    "protocol": Target(
        lambda path: load_protocol(str(path)),
        ".toml",
        _files(*sorted((ROOT / "data/protocols").glob("*.toml"))),
    ),
    "grid": Target(
        lambda path: read_grid(str(path)),
        ".toml",
        _files(*sorted((ROOT / "train/grids").glob("*.toml"))),
    ),
    "config": Target(
        lambda path: merge(TrainSettings, (str(path), read_toml(path))),
        ".toml",
        _files(*sorted((ROOT / "train/presets").glob("*.toml"))),
    ),
    "folds": Target(
        _choose, ".txt", lambda: {"a": b"all", "b": b"sub01,#2,0-3", "c": b"subject:3\0s03"}
    ),
    "frame": Target(lambda path: decode_grey(read_frame(Frame(1, path))), ".png", _pictures),
    "array": Target(read_flow, ".npy", lambda: {"npy": _arrays()["npy"]}),
    "arrays": Target(read_flow, ".npz", lambda: {"npz": _arrays()["npz"]}),
}


def dictionary() -> list[str]:
    """Words that a fuzzer may put in, from the files themselves."""
    words = {"nan", "inf", "1e999", "-1", "true", "null", "\\xef\\xbb\\xbf"}
    words |= set(json.loads((GOLDEN / "run-v1/results.json").read_text()))
    return sorted(words | set(TrainSettings.model_fields) | set(_COLUMNS))
