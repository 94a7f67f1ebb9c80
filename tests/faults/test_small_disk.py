"""A real disk that is too small: a tmpfs, which the same command finishes on once it has grown."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache
from raicl.train.run.key import to_toml
from tests.preprocess.conftest import write_clip
from tests.train.caches import write_cache
from tests.train.small import SMALL

BINARIES = Path(sys.executable).parent
# the disk is mounted in a name space of the script's own, and is gone with it
SCRIPT = """
mount -t tmpfs -o size="$1" tmpfs disk || exit 99
shift
"$@" 2> said; echo $? > code
find disk -mindepth 1 > left
mount -o remount,size=200m disk || exit 99
"$@" 2>> said || exit 98
cp -r disk after
"""


def on_a_disk_of(size: str, place: Path, *words: object) -> tuple[int, str, list[str]]:
    """Exit code and stderr of a command whose output is in ``disk``, and the paths it held then.

    The disk grows, the command is repeated, and the disk's content is copied to ``after``.
    """
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rm", "true"], check=False).returncode:
        pytest.skip("this system lets nobody mount a disk in a name space of their own")
    (place / "disk").mkdir()
    command = [unshare, "-rm", "sh", "-c", SCRIPT, "sh", size, *map(str, words)]
    answer = subprocess.run(
        command,
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if answer.returncode == 99:
        pytest.skip(f"no disk could be mounted: {answer.stderr.strip()}")
    said = (place / "said").read_text()
    assert answer.returncode == 0, said
    left = (place / "left").read_text().splitlines()
    return int((place / "code").read_text()), said, left


@pytest.mark.promise("fault 7")
@pytest.mark.parametrize(("size", "shards"), [("16k", range(1)), ("120k", range(1, 6))])
def test_preparation_ends_in_order_and_goes_on_when_there_is_room(
    tmp_path: Path, size: str, shards: range
) -> None:
    lines = ["subject,clip,onset,offset,emotion"]
    for number in range(6):
        write_clip(tmp_path / f"database/s{number}/c{number}", seed=number, frames=4)
        lines.append(f"s{number},c{number},96,99,happiness")
    (tmp_path / "database/clips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    quick = ["--align", "none", "--size", "32", "--n-frames", "2", "--margin", "4", "--flow", "dis"]
    prep = [BINARIES / "raicl-prep", "folder", "--root", "database", "--jobs", "1", *quick]
    code, said, left = on_a_disk_of(size, tmp_path, *prep, "--out", "disk/flows.h5")
    assert code == 7
    assert "error: the disk is full" in said
    assert "Traceback" not in said
    assert not [path for path in left if path.endswith(".tmp")]
    assert len([path for path in left if path.endswith(".h5")]) in shards
    subprocess.run([*prep, "--out", "calm.h5"], cwd=tmp_path, check=True, capture_output=True)
    found, calm = (open_cache(tmp_path / name) for name in ("after/flows.h5", "calm.h5"))
    assert found.digest == calm.digest
    assert len(found.records) == 6


@pytest.mark.promise("fault 7")
def test_training_ends_in_order_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    write_cache(tmp_path / "many.h5", clips=2, emotions=("disgust", "happiness"))
    quick = SMALL.model_copy(update={"epochs": 1, "pairs": 1})
    (tmp_path / "small.toml").write_text(to_toml(quick), encoding="utf-8")
    train = [BINARIES / "raicl-train", "many.h5", "--config", "small.toml", "--no-pictures"]
    code, said, left = on_a_disk_of("150k", tmp_path, *train, "--run-dir", "disk/run")
    assert code == 7
    assert "error: the disk is full" in said
    assert "Traceback" not in said
    assert "disk/run" in left
    assert not [path for path in left if path.endswith((".tmp", "predictions.csv"))]
    subprocess.run([*train, "--run-dir", "calm"], cwd=tmp_path, check=True, capture_output=True)
    after, calm = tmp_path / "after/run", tmp_path / "calm"
    assert (after / "predictions.csv").read_bytes() == (calm / "predictions.csv").read_bytes()
    assert not list(after.rglob(".*.tmp"))
