"""Plant errors in `common` and count those that its tests find: ``make mutants``.

A copy of the repository is changed, one error at a time, and the tests of `common` run on it until
one fails, those that import the changed module first. An error that none finds has survived.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutants.mutate import mutants
from tests.structure import imported_names

ROOT = Path(__file__).parents[2]
FOLDERS = ("common", "data", "preprocess", "train")
TESTS = Path("tests/common")


def read_options(words: Sequence[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--every", type=int, default=20, help="try one of so many")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--minutes", type=float, default=60, help="begin nothing new after these")
    parser.add_argument("--only", default="common", help="files whose path begins so")
    return parser.parse_args(words)


class Copy:
    """A copy of the repository, and a Python that imports raicl from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in (*FOLDERS, "tests", "docs"):
            ignored = shutil.ignore_patterns("__pycache__", "raw")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md"):
            shutil.copy(ROOT / name, folder)
        environment = folder / "venv"
        venv.create(environment, symlinks=True)
        self.python = environment / "bin/python"
        [packages] = environment.glob("lib/python*/site-packages")
        site = folder / "site/raicl"
        site.mkdir(parents=True)
        for name in FOLDERS:
            (site / name).symlink_to(folder / name)
        places = [str(site.parent), *(path for path in sys.path if path.endswith("-packages"))]
        (packages / "copy.pth").write_text("\n".join(places) + "\n")

    def passes(self, tests: Sequence[Path], seconds: float) -> bool:
        """Whether tests pass in the copy in time."""
        options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly"]
        command = [self.python, "-B", "-m", "pytest", *options, *tests]
        with subprocess.Popen(
            list(map(str, command)),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as running:
            try:
                return running.wait(seconds) == 0
            except subprocess.TimeoutExpired:
                subprocess.run(["kill", "-9", "--", f"-{running.pid}"], check=False)
                return False

    def seconds(self, tests: Sequence[Path]) -> float | None:
        """How long tests take without an error, s. None if they fail, or take half an hour."""
        for _ in range(2):  # a busy machine may fail one
            began = time.monotonic()
            if not tests or self.passes(tests, 1800):
                return time.monotonic() - began
        print(f"without an error these tests fail: {' '.join(map(str, tests))}", flush=True)
        return None

    def survives(self, tests: Sequence[Path], seconds: float) -> bool:
        """Whether none of the tests finds the error, in five times what they need without it."""
        return not tests or self.passes(tests, 30 + 5 * seconds)


def tests_of(module: Path) -> list[Path]:
    """The tests of `common` that import a module, those named after it first."""
    name = ".".join(["raicl", *module.with_suffix("").parts])
    found = [
        path.relative_to(ROOT)
        for path in sorted((ROOT / TESTS).rglob("test_*.py"))
        if path.stem == f"test_{module.stem}"  # it may import a command that imports the module
        or name in imported_names(path.read_text(encoding="utf-8"))
    ]
    return sorted(found, key=lambda path: module.stem not in path.stem)


def sample(options: argparse.Namespace) -> Iterator[tuple[Path, int, str, str]]:
    """One of so many mutants, in a random order: the module, and what `mutants` gives."""
    found = []
    for path in sorted((ROOT / "common").rglob("*.py")):
        module = path.relative_to(ROOT)
        if module.as_posix().startswith(options.only):
            found += [(module, *mutant) for mutant in mutants(path.read_text(encoding="utf-8"))]
    random.Random(options.seed).shuffle(found)
    print(f"{len(found)} mutants, {len(found[:: options.every])} are tried", flush=True)
    yield from found[:: options.every]


def main() -> None:
    """Print the score and the survivors."""
    options = read_options(sys.argv[1:])
    folder = ROOT / "build/mutants"
    shutil.rmtree(folder, ignore_errors=True)
    copy = Copy(folder)
    whole = copy.seconds([TESTS])
    if whole is None:
        sys.exit(1)
    needed: dict[Path, float | None] = {}  # by module, how long its nearest tests take, s
    end, killed, survivors = time.monotonic() + 60 * options.minutes, 0, []
    for module, line, said, source in sample(options):
        if time.monotonic() > end:
            print("no time is left")
            break
        place, nearest = folder / module, tests_of(module)
        if module not in needed:
            needed[module] = copy.seconds(nearest)
        if (seconds := needed[module]) is None:
            continue
        place.write_text(source, encoding="utf-8")
        if copy.survives(nearest, seconds) and copy.survives([TESTS], whole):
            survivors.append(f"{module}:{line}  {said}")
            print(f"survived  {survivors[-1]}", flush=True)
        else:
            killed += 1
        shutil.copy(ROOT / module, place)
    tried = killed + len(survivors)
    print(f"\n{killed} of {tried} were found: {100 * killed / max(tried, 1):.0f} %")
    print("\n".join(sorted(survivors)))


if __name__ == "__main__":
    main()
