"""A disk that fills while HDF5 writes: exit code 7, the old file intact, nothing left behind.

HDF5 itself would crash the process as it ends, so each is written by a process of its own.
"""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache

WRITERS = {
    "shard": "write_shard(out, make_shard(0))",
    "index": "write_index(out, cache.records, size=16, settings={'why': 'x' * 9000})",
    "pack": "pack(cache, out)",
}
SCRIPT = """
import sys; from pathlib import Path
from raicl.common.terminal.console import launch
from raicl.common.cache.flows import open_cache, write_index
from raicl.common.cache.packing import pack
from raicl.common.cache.shards import write_shard
from tests.common.conftest import make_shard
cache, out = open_cache(Path(sys.argv[1])), Path(sys.argv[2])
launch(lambda: {})
"""


def _limit() -> None:  # stands for a full disk, as EFBIG does for ENOSPC
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))


@pytest.mark.promise("fault 7")
@pytest.mark.parametrize("written", WRITERS)
def test_a_full_disk_ends_a_writer_in_order(flows: Path, written: str) -> None:
    out = flows.parent / "out.h5"
    out.write_bytes(b"old")
    before = sorted(flows.parent.iterdir())
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(WRITERS[written]), str(flows), str(out)],
        preexec_fn=_limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 7, answer.stderr
    assert "the disk is full" in answer.stderr
    assert out.read_bytes() == b"old"
    assert sorted(flows.parent.iterdir()) == before
    assert open_cache(flows).records
