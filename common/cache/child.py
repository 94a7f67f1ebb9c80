"""Child: the program of a `Trial`. It reads files within bounds, and may die of one.

A question is a line of JSON on stdin, and its answer one on stdout.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raicl.common.cache.facts import Facts
from raicl.common.cache.index_file import decode_manifest, index_at, open_index
from raicl.common.cache.limits import TRIAL_COPIES, TRIAL_MEMORY
from raicl.common.cache.packing import write_packed
from raicl.common.cache.seal import DamagedError, check_whole
from raicl.common.cache.shards import SURVEY, read_packed_shard, read_shard
from raicl.common.cache.trial import cpu_seconds
from raicl.common.errors import RaiclError

Answer = dict[str, object]


class _Asked:
    """Takes every proof for known, and remembers which it was asked for."""

    def __init__(self) -> None:
        self.proofs: list[object] = []

    def __contains__(self, proof: object) -> bool:
        self.proofs.append(proof)
        return True


def main() -> None:
    """Answer until nobody asks any more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(question: dict[str, Any]) -> Answer:
    path, look = Path(question.pop("path")), _LOOKS[question.pop("look")]
    try:
        _bound(question.pop("size"), question.pop("work"))
        return look(path, **question)
    except MemoryError:
        error: RaiclError = DamagedError(
            "reading it takes more memory than it may", where=str(path), fix=SURVEY
        )
    except RaiclError as raised:
        error = raised
    kind = "InputError" if type(error).__name__ == "UnsealedError" else type(error).__name__
    return {"error": kind, "what": error.what, "where": error.where, "fix": error.fix}


def _bound(size: int, work: int) -> None:
    """Let the process end itself if it takes more than it may.

    Parameters
    ----------
    size : bytes that are in memory at a time.
    work : bytes that are read.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + cpu_seconds(work)
    _limit(resource.RLIMIT_CPU, seconds)
    pages = Path("/proc/self/statm")
    if pages.exists():  # elsewhere the system does not hold to it
        mapped = int(pages.read_text().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, mapped + TRIAL_MEMORY + TRIAL_COPIES * size)


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _index(path: Path) -> Answer:
    asked = _Asked()
    decode_manifest(open_index(path, asked).content, path)
    return {"proofs": asked.proofs}


def _shard(path: Path, limit: int) -> Answer:
    asked = _Asked()
    shard = read_shard(path, limit=limit, known=asked)
    return {"proofs": asked.proofs, "facts": Facts.of(shard).model_dump_json()}


def _packed(path: Path, name: str) -> Answer:
    stamp = check_whole(path, "the file", _Asked())
    shard = read_packed_shard(path, stamp, name)
    return {"proofs": [stamp], "facts": Facts.of(shard).model_dump_json()}


def _manifest(path: Path) -> Answer:
    stamp = check_whole(path, "the index", _Asked())
    index = index_at(path, stamp)
    decode_manifest(index.content, path)
    return {"manifest": index.content.decode(), "packed": index.packed}


def _copy(path: Path, manifest: str, version: int, names: list[str], out: str) -> Answer:
    stamp = check_whole(path, "the file", _Asked())
    shards = ((name, read_packed_shard(path, stamp, name)) for name in names)
    write_packed(Path(out), manifest.encode(), version, shards)
    return {}


_LOOKS: dict[str, Callable[..., Answer]] = {
    "index": _index,
    "shard": _shard,
    "packed": _packed,
    "manifest": _manifest,
    "copy": _copy,
}


if __name__ == "__main__":
    main()
