"""Where an artifact comes from."""

import hashlib
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from raicl.common.provenance import installed_version, source_digest, versions

ROOT = Path(__file__).parents[2]


def test_versions_are_those_that_are_installed_and_none_is_made_up() -> None:
    assert versions(["numpy", "no-such-package"]) == {
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "no-such-package": "absent",
    }
    assert installed_version("no-such-package", "numpy", "h5py") == metadata.version("numpy")
    assert installed_version("no-such-package") is None


def test_the_digest_is_of_every_python_file_by_its_name() -> None:
    """Worked out anew, as the docstring says it."""
    digest = hashlib.sha256()
    for name in ("common", "data", "preprocess", "train"):
        for path in sorted((ROOT / name).rglob("*.py")):
            digest.update(f"{path.relative_to(ROOT).as_posix()}\n".encode() + path.read_bytes())
    assert source_digest() == digest.hexdigest()


SCRIPT = "from provenance import git_state; print(git_state())"


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_state_of_a_checkout_is_its_commit_and_whether_it_is_changed(tmp_path: Path) -> None:
    """In a checkout that holds the module alone."""
    folder = tmp_path / "common"
    folder.mkdir()
    shutil.copy(ROOT / "common/provenance.py", folder)

    def state() -> str:
        command = [sys.executable, "-B", "-c", SCRIPT]
        return subprocess.check_output(command, cwd=folder, text=True).strip()

    def git(*words: str) -> str:
        names = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        return subprocess.check_output(["git", *names, *words], cwd=tmp_path, text=True).strip()

    assert state() == "installed"
    git("init", "-q")
    assert state() == "unknown"  # nothing is committed
    git("add", ".")
    git("commit", "-qm", "all")
    commit = git("rev-parse", "HEAD")
    assert state() == commit[:12]
    (folder / "note.txt").touch()
    assert state() == commit[:12]  # a file that git does not know changes nothing
    (tmp_path / "common/provenance.py").chmod(0o755)
    assert state() == f"{commit[:12]}+dirty"
