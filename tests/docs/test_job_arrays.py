"""The job array that the page on several machines shows, under a stand-in for Slurm.

The stand-in knows what the page uses: scripts and their directives, ``--wrap``, dependencies, and
``SBATCH_ARRAY_INX``, which as in Slurm stands above the array of a script.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache
from raicl.common.versioned import read_versioned
from raicl.train.scores.results import Results
from tests.docs.pages import DOCS, Page
from tests.docs.test_commands_run import SMALL

PAGE = Page(DOCS / "howto" / "several-machines.md")
SBATCH = f"""#!{sys.executable}
import os, re, subprocess, sys
from pathlib import Path

ended = Path(__file__).parent / "ended"
options = [word for word in sys.argv[1:] if word.startswith("--") and word != "--wrap"]
rest = [word for word in sys.argv[1:] if word not in options]
for option in options:
    if option.startswith("--dependency="):
        assert option.removeprefix("--dependency=afterok:") in ended.read_text().split(), option
    else:
        assert option == "--parsable", option
if rest[0] == "--wrap":
    subprocess.run(["sh", "-c", rest[1]], check=True, stdout=2)
else:
    script = Path(rest[0])
    directives = re.findall(r"^#SBATCH (\\S+)$", script.read_text(), re.MULTILINE)
    [array] = [word.removeprefix("--array=") for word in directives if word.startswith("--array=")]
    first, last = map(int, os.environ.get("SBATCH_ARRAY_INX", array).split("-"))
    os.environ["SLURM_ARRAY_TASK_COUNT"] = str(last - first + 1)
    for task in range(first, last + 1):
        os.environ["SLURM_ARRAY_TASK_ID"] = str(task)
        subprocess.run(["bash", script], check=True, stdout=2)
number = len(ended.read_text().split()) + 100 if ended.exists() else 100
with ended.open("a") as stream:
    print(number, file=stream)
print(number)
"""


def stand_in(folder: Path, name: str, content: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    (folder / name).chmod(0o755)


def submit(folder: Path, **environment: str) -> None:
    """Write the page's scripts, under the names it calls them by, and submit them as it does."""
    *scripts, submission = [
        block for block in PAGE.blocks("bash") if block.startswith("#!") or "sbatch" in block
    ]
    for name, script in zip(("prep.sh", "train.sh"), scripts, strict=True):
        assert name in submission
        (folder / name).write_text(script)
    programs = folder / "programs"
    stand_in(programs, "sbatch", SBATCH)
    stand_in(programs, "srun", '#!/bin/sh\nexec "$@"\n')
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", submission],
        cwd=folder,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_arrays_of_the_page_are_all_parts_of_the_work_and_are_joined_between_them(
    tmp_path: Path,
) -> None:
    note = '#!/bin/sh\necho "$(basename "$0") $*" >> "$(dirname "$0")/run"\n'
    for program in ("raicl-prep", "raicl-train"):
        stand_in(tmp_path / "programs", program, note)
    submit(tmp_path)
    lines = (tmp_path / "programs" / "run").read_text().splitlines()
    parts = Counter(line.rsplit(" ", 1)[1] for line in lines if "--shard" in line)
    assert parts == Counter([*(f"{i}/16" for i in range(16)), *(f"{i}/26" for i in range(26))])
    joined = lines.index("raicl-prep casme2 --out casme2.h5")
    assert all(line.startswith("raicl-prep") for line in lines[:joined])
    assert all(line.startswith("raicl-train") for line in lines[joined + 1 :])


@pytest.mark.slow
def test_the_arrays_of_the_page_make_a_cache_and_a_whole_run(tmp_path: Path) -> None:
    [setup] = PAGE.setup
    subprocess.run(
        [Path(sys.executable).parent / "raicl", *setup.split()[1:]], cwd=tmp_path, check=True
    )
    submit(tmp_path, SBATCH_ARRAY_INX="0-2", **SMALL)
    assert len(open_cache(tmp_path / "casme2.h5").records) == 4
    results = read_versioned(tmp_path / "casme2-run" / "results.json", Results, fix="")
    assert (results.folds.done, results.folds.all) == (2, 2)
