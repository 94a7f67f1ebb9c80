"""Trial: a process of its own, with bounds, opens what HDF5 may not survive (see child.py)."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from raicl.common.cache.facts import Facts
from raicl.common.cache.limits import (
    INDEX_BYTES,
    SHARD_BYTES,
    TRIAL_BYTES_PER_SECOND,
    TRIAL_CPU_SECONDS,
    TRIAL_WAIT_SECONDS,
)
from raicl.common.cache.seal import DamagedError, Stamp
from raicl.common.cache.shards import SURVEY
from raicl.common.errors import HeldError, InputError, RaiclError, ResourceError, VersionError

_KINDS = {kind.__name__: kind for kind in (InputError, DamagedError, VersionError, HeldError)}
_READY = b"ready"
# no threads that take memory, and no trace of a failed allocation: making one may wait for ever
_PLAIN = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RUST_BACKTRACE": "0"}


def cpu_seconds(size: int) -> int:
    """How long a file of so many bytes may take, s."""
    return TRIAL_CPU_SECONDS + size // TRIAL_BYTES_PER_SECOND


class Trial:
    """A process that is started with the first question, and again after one that it died of.

    The bounds are its own: memory and processor time, which hold in the native code of HDF5 too.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def index(self, path: Path) -> set[Stamp | str]:
        """Open an index and decode its manifest; the proofs that both are safe.

        Raises
        ------
        RaiclError : what a reader would raise. DamagedError also if the process dies of it.
        """
        work = path.stat().st_size
        return _proofs(self._ask("index", path, "the index", work=work))

    def shard(self, path: Path, limit: int = SHARD_BYTES) -> tuple[Facts, set[Stamp | str]]:
        """Read a shard of its own file; its facts, and the proofs that it is safe.

        Parameters
        ----------
        limit : most bytes that the file may have.

        Raises
        ------
        RaiclError : see `index`.
        """
        size = min(path.stat().st_size, limit) if path.exists() else 0
        answer = self._ask("shard", path, "a shard", size, limit=limit)
        return Facts.model_validate_json(answer["facts"]), _proofs(answer)

    def packed(self, path: Path, name: str, limit: int) -> tuple[Facts, set[Stamp | str]]:
        """Read a shard of a packed cache; its facts, and the proofs that it is safe.

        Parameters
        ----------
        limit : most bytes that its own file might have.

        Raises
        ------
        RaiclError : see `index`.
        """
        answer = self._ask("packed", path, f"shard {name}", limit, name=name)
        return Facts.model_validate_json(answer["facts"]), _proofs(answer)

    def manifest(self, path: Path) -> tuple[bytes, bool]:
        """The manifest of a file that does not match its seal, and whether it is packed.

        Raises
        ------
        RaiclError : see `index`.
        """
        answer = self._ask("manifest", path, "the index", work=INDEX_BYTES)
        return str(answer["manifest"]).encode(), bool(answer["packed"])

    def copy(self, path: Path, out: Path, size: int, **packed: object) -> None:
        """Write a packed file with an empty seal, of shards of one that does not match its own.

        Parameters
        ----------
        size : most bytes of a shard.
        packed : ``manifest`` and ``version`` of the new file, and ``names`` of its shards.

        Raises
        ------
        RaiclError : see `index`.
        """
        work = path.stat().st_size
        self._ask("copy", path, "the file", size, work, out=str(out.absolute()), **packed)

    def _ask(
        self, look: str, path: Path, what: str, size: int = 0, work: int = 0, **more: object
    ) -> dict[str, Any]:
        """The answer to a question about a file, as JSON has it.

        Parameters
        ----------
        size : bytes of instances that are in memory at a time.
        work : bytes that are read, if they are more.
        """
        process = self._process or self._start()
        work = max(size, work)
        question = {"look": look, "path": str(path.absolute()), "size": size, "work": work, **more}
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            line = _line(process, TRIAL_WAIT_SECONDS + cpu_seconds(work))
        except BrokenPipeError:
            line = b""
        if not line:
            raise self._death(what, path)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise _error(answer)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", "-m", "raicl.common.cache.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what native code prints as it dies
            env=os.environ | _PLAIN,
        )
        if _line(process, TRIAL_WAIT_SECONDS) != _READY:
            raise ResourceError(
                f"the process that looks at files does not start ({self._stop()})",
                fix="free some memory and run the command again",
            )
        return process

    def _death(self, what: str, path: Path) -> InputError:
        """The error of a file that no answer came about. A loop in HDF5 ends by its own limit."""
        ended = self._stop()
        if ended is None:  # the disk does not answer, or the machine was asleep
            reason = f"{what} was not read in time"
            return InputError(reason, where=str(path), fix="run the command again")
        reason = f"{what} is damaged: the process that read it died of it ({ended})"
        return DamagedError(reason, where=str(path), fix=SURVEY)

    def _stop(self) -> str | None:
        """End the process; how it had ended before, if it had."""
        process, self._process = self._process, None
        if process is None:
            return None
        ended = process.poll()
        process.kill()
        process.communicate()
        if ended is None:
            return None
        return signal.strsignal(-ended) if ended < 0 else f"exit code {ended}"


def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    """The next line that a process prints. Empty if it ends, or does not print in time."""
    assert process.stdout is not None
    deadline, found = time.monotonic() + seconds, bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            part = os.read(process.stdout.fileno(), 1 << 20)
            found += part
            if found.endswith(b"\n"):
                return bytes(found[:-1])
            if not part:
                process.wait()
                break
    return b""


def _proofs(answer: dict[str, Any]) -> set[Stamp | str]:
    return {proof if isinstance(proof, str) else Stamp(*proof) for proof in answer["proofs"]}


def _error(answer: dict[str, Any]) -> RaiclError:
    kind = _KINDS[answer["error"]]
    return kind(answer["what"], where=answer["where"], fix=answer["fix"])
