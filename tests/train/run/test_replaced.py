"""A cache that is replaced while a run reads it."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raicl.common.cache.flows import shards_folder
from tests.train.caches import write_cache
from tests.train.conftest import Command

PROGRAM = [sys.executable, "-c", "from raicl.train.cli import main; main()"]


@pytest.mark.promise("fault 11")
def test_a_run_goes_on_with_the_cache_that_it_opened(
    tmp_path: Path, flows: Path, config: Path, command: Command
) -> None:
    common = [flows, "--config", config, "--epochs", 8, "--no-pictures", "--fold", "#0"]
    assert command(*common, "--run-dir", tmp_path / "calm") == 0
    (tmp_path / "new").mkdir()
    new, run = write_cache(tmp_path / "new" / "flows.h5", seed=1), tmp_path / "run"
    words = [*PROGRAM, *map(str, common), "--run-dir", str(run)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        begun = run / "folds/casme2/sub01/log.jsonl"
        deadline = time.monotonic() + 60
        while not begun.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        for shard in shards_folder(new).iterdir():  # as raicl-prep does: shards, then the index
            shard.replace(shards_folder(flows) / shard.name)
        new.replace(flows)
        _, said = process.communicate()
    assert process.returncode == 0, said
    name = "folds/casme2/sub01/predictions.csv"
    assert (run / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()
    shutil.rmtree(run / "folds")
    assert command(*common, "--run-dir", run) == 6  # the new cache is another experiment
