"""Kills: end a command at random moments, start it again, and compare with one left alone."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.cache.flows import shards_folder
from raicl.train.run.key import to_toml
from tests.preprocess.conftest import write_clip
from tests.soak.material import TRAIN, train_arguments
from tests.soak.tally import HARMLESS, SILENT, Tally
from tests.train.caches import write_cache
from tests.train.small import SMALL

PREP = [sys.executable, "-c", "from raicl.preprocess.cli import main; main()"]
_SETTINGS = [
    "--align",
    "none",
    "--size",
    "48",
    "--n-frames",
    "4",
    "--jobs",
    "2",
    "--flow",
    "opencv",
]
_EFFORT = ["--flow-scales", "2", "--flow-warps", "5", "--flow-inner", "30", "--flow-outer", "10"]
Contents = dict[str, str]
_AT_ONCE = 3  # kills between two runs that are left alone, at most
_VARYING = {"seconds", "digests", "seal"}  # values of a run that tell how long it took


@dataclass(frozen=True, kw_only=True)
class Killed:
    """A command that is killed.

    Attributes
    ----------
    command, folder : what is started, and where.
    output : what it writes.
    begun : a file whose appearance says that work has begun.
    disturb : undoes a part of the work before a start, so that there is some left.
    contents : what must be as if nothing had happened, by name.
    broken : after a kill, what is not whole, given what `contents` gives of a calm run.
    """

    kind: str
    command: Sequence[str]
    folder: Path
    output: Sequence[Path]
    begun: Path
    disturb: Callable[[random.Random], None]
    contents: Callable[[], Contents]
    broken: Callable[[Contents], str]


def kill_often(killed: Killed, kills: int, *, seed: int, until: float) -> Tally:
    """Kill a command `kills` times, or until a moment of `time.monotonic`."""
    tally = Tally(killed.kind)
    calm, start, whole = _leave_alone(killed)
    expected = killed.contents()
    if calm or not expected:
        raise RuntimeError(f"{killed.kind} does not work: {calm}")
    while tally.counts.total() < kills and time.monotonic() < until:
        number = tally.counts.total()
        rng = random.Random(f"{seed}/{killed.kind}/{number}")
        done = 0
        for _ in range(rng.randint(1, _AT_ONCE)):
            killed.disturb(rng)
            done += _kill(killed, rng.uniform(start, whole), alone=rng.random() < 0.3)
            if fault := killed.broken(expected):
                break
        else:
            fault, _, _ = _leave_alone(killed)
            fault = fault or _first_difference(expected, killed.contents())
        tally.counts[HARMLESS] += max(0, done - 1)
        if done or fault:
            case = f"{killed.kind}:{number}"
            tally.add(SILENT if fault else HARMLESS, case, fault)
        if fault:  # the next round begins with a folder that is right
            shutil.copytree(killed.folder, f"{killed.folder}-wrong-{number}")
            _remove(killed.output)
    return tally


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)


def _leave_alone(killed: Killed) -> tuple[str, float, float]:
    """Run to the end: what went wrong, when work began and when it ended, s."""
    began, found = time.monotonic(), 0.0
    with _start(killed, subprocess.PIPE) as process:
        while process.poll() is None and not found:
            time.sleep(0.005)
            found = time.monotonic() - began if killed.begun.exists() else 0.0
        _, said = process.communicate()
    text = said.decode(errors="replace")
    wrong = process.returncode != 0 or "Traceback" in text
    reason = f"exit code {process.returncode}: {text[-500:]}" if wrong else ""
    return reason, found, time.monotonic() - began


def _kill(killed: Killed, seconds: float, *, alone: bool) -> int:
    """Start the command and kill it after a time: 1, or 0 if it had ended.

    Parameters
    ----------
    alone : kill the command itself, whose workers have to notice; otherwise them as well.
    """
    with _start(killed, subprocess.DEVNULL) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            if alone:
                process.kill()
                time.sleep(1)  # until its workers have gone
            else:
                os.killpg(process.pid, signal.SIGKILL)
            return 1
    return 0


def _start(killed: Killed, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        killed.command,
        cwd=killed.folder,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )


def _first_difference(expected: Contents, found: Contents) -> str:
    names = sorted(expected.keys() | found.keys())
    different = [name for name in names if expected.get(name) != found.get(name)]
    return f"{different[0]} is not as if nothing had happened" if different else ""


def prep(folder: Path) -> Killed:
    """`raicl-prep` of six textured clips."""
    folder.mkdir(parents=True)
    lines = ["subject,clip,onset,offset,emotion"]
    for number in range(6):
        write_clip(folder / f"database/s{number // 2}/c{number}", seed=number)
        lines.append(f"s{number // 2},c{number},96,103,happiness")
    (folder / "database/clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = folder / "flows.h5"
    shards = shards_folder(out)

    def disturb(rng: random.Random) -> None:
        held = sorted(shards.glob("*.h5"))
        _remove(rng.sample(held, len(held) // 2))
        if rng.random() < 0.5:
            _remove([out])

    def contents() -> Contents:
        paths = [path for path in (*folder.glob("*.h5*"), *shards.glob("*")) if path.is_file()]
        return {path.name: digest_of(path) for path in paths if not path.name.endswith(".lock")}

    def broken(calm: Contents) -> str:
        final = {name: digest for name, digest in contents().items() if name[0] != "."}
        bad = [name for name, digest in final.items() if calm.get(name) != digest]
        return f"{bad[0]} is not whole after a kill" if bad else ""

    command = [*PREP, "folder", "--root", "database", "--out", out.name, *_SETTINGS, *_EFFORT]
    return Killed(
        kind="kill prep",
        command=command,
        folder=folder,
        output=[out, shards],
        begun=shards,
        disturb=disturb,
        contents=contents,
        broken=broken,
    )


def train(folder: Path) -> Killed:
    """`raicl-train` of three folds of a small network."""
    folder.mkdir(parents=True)
    write_cache(folder / "many.h5")
    longer = SMALL.model_copy(update={"epochs": 10})
    (folder / "small.toml").write_text(to_toml(longer), encoding="utf-8")
    run = folder / "run"

    def disturb(_: random.Random) -> None:
        if (run / "results.json").exists():
            _remove([run])

    def contents() -> Contents:
        paths = [path for path in run.rglob("*") if path.is_file() and path.name not in OF_A_TIME]
        return {path.relative_to(run).as_posix(): digest_of(path) for path in paths}

    def broken(calm: Contents) -> str:
        """What has a final name is whole, and a finished fold is right."""
        for path in run.rglob("*.json"):
            try:
                json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                return f"{path.name} is not whole after a kill"
        now = contents()
        folds = [path.parent.relative_to(run).as_posix() for path in run.rglob("done.json")]
        names = [name for name in calm if name.rpartition("/")[0] in folds]
        bad = [name for name in names if now.get(name) != calm[name]]
        return f"{bad[0]} is not right in a finished fold" if bad else ""

    return Killed(
        kind="kill train",
        command=[*TRAIN, *train_arguments("run")],
        folder=folder,
        output=[run],
        begun=run,
        disturb=disturb,
        contents=contents,
        broken=broken,
    )


# of a run, these hold times and what was printed
OF_A_TIME = {"lock", "run.log", "env.json", "log.jsonl", "log.csv", "run-digests.json"}


def digest_of(path: Path) -> str:
    """Digest of a file; of JSON without the values that tell when or where it was made."""
    content = path.read_bytes()
    if path.suffix == ".json":
        try:
            values = json.loads(content)
        except ValueError:
            return "not JSON"
        kept = {name: value for name, value in values.items() if name not in _VARYING}
        content = json.dumps(kept, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()
