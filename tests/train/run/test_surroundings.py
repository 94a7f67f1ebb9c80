"""The same predictions whatever the clock, the language and the home of the machine are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.train.conftest import Command

PROGRAM = [sys.executable, "-c", "from raicl.train.cli import main; main()"]
SURROUNDINGS = {
    # nothing can be made below /proc, not even by root
    "no home, ASCII, far east": {
        **{"HOME": "/proc/nobody", "XDG_CACHE_HOME": "/proc/nobody", "LC_ALL": "C", "LANG": "C"},
        **{"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "TZ": "Pacific/Kiritimati"},
    },
    "UTF-8, west": {"LC_ALL": "C.UTF-8", "TZ": "America/Los_Angeles", "HOME": "/proc/nobody"},
    "unknown locale": {"LC_ALL": "de_DE@euro", "LANG": "xx_YY.UTF-8", "TZ": "Nowhere/Land"},
}
FILES = ("predictions.csv", "results.json", "folds/casme2/sub01/weights.safetensors")


def whole(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes().replace(bytes(folder), b"") for name in FILES]


FIRST, *OTHERS = SURROUNDINGS


@pytest.mark.parametrize(
    "name", [FIRST, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
@pytest.mark.promise("fault 25", "fault 26")
def test_language_time_zone_and_home_change_nothing(
    tmp_path: Path, flows: Path, config: Path, command: Command, name: str
) -> None:
    words = [flows, "--config", config, "--fold", "#0", "--run-dir"]
    assert command(*words, tmp_path / "usual") == 0
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    answer = subprocess.run(
        [*PROGRAM, *map(str, words), str(tmp_path / "other")],
        env=kept | SURROUNDINGS[name],
        capture_output=True,
        check=False,
        cwd="/",
    )
    assert answer.returncode == 0, answer.stderr
    assert b"Traceback" not in answer.stderr
    assert whole(tmp_path / "other") == whole(tmp_path / "usual")


@pytest.mark.parametrize("year", [1971, 2199])
@pytest.mark.promise("fault 25")
def test_a_clock_that_jumps_between_two_sittings_changes_nothing(
    tmp_path: Path, flows: Path, config: Path, command: Command, year: int
) -> None:
    """Every file of the first sitting is of another time, in the past or in the future."""
    words = [flows, "--config", config, "--no-pictures", "--run-dir"]
    assert command(*words, tmp_path / "usual", "--fold", "0-1") == 0
    other = tmp_path / "other"
    assert command(*words, other, "--fold", "#0") == 0
    seconds = (year - 1970) * 365.25 * 86400
    for path in [*other.rglob("*"), flows, *flows.with_name("flows.h5.shards").iterdir()]:
        os.utime(path, (seconds, seconds))
    assert command(*words, other, "--fold", "0-1") == 0
    assert whole(other) == whole(tmp_path / "usual")
