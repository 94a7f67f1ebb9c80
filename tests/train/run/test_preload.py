"""What the processes of folds share is there before they are forked, and has computed nothing."""

import subprocess
import sys

import pytest

from raicl.train.run.workers import PRELOAD

# numpy may have threads of its own, which survive a fork; those of torch do not
SCRIPT = f"""
import os, sys
import numpy
before = len(os.listdir("/proc/self/task"))
import {PRELOAD}
import torch
assert len(os.listdir("/proc/self/task")) == before
assert not torch.cuda.is_initialized()
loaded = set(sys.modules)
torch.optim.Adam([torch.zeros(1, requires_grad=True)])
assert {{name for name in set(sys.modules) - loaded if name.startswith("torch")}} == set()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_it_can_be_imported_has_no_thread_and_leaves_nothing_to_import() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
