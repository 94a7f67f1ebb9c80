"""Give changed files to every reader that takes files from anywhere: ``make fuzz``.

Coverage leads the changes (atheris, which is libFuzzer). A finding is an exception that is no
`RaiclError`, a crash, a hang, or more than 200 MB. It ends with 1 if there is one.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.judge import SECONDS
from tests.fuzz.targets import TARGETS, dictionary

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
_LIMIT_MB = 2048  # where libFuzzer stops a target


def read_options(words: Sequence[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of all targets together")
    parser.add_argument("--only", default=",".join(TARGETS), help="targets, with commas between")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--findings", type=Path, default=Path("build/fuzz"), help="where they go")
    return parser.parse_args(words)


def fuzz(name: str, seconds: int, options: argparse.Namespace, work: Path) -> list[str]:
    """Fuzz one target; its findings."""
    seeds, fresh = work / f"{name}-seeds", work / f"{name}-fresh"
    for folder in (seeds, fresh):
        folder.mkdir()
    for title, content in TARGETS[name].seeds().items():
        (seeds / title).write_bytes(content)
    words = work / "words"
    words.write_text("".join(f'"{word}"\n' for word in dictionary()))
    limits = [f"-max_total_time={seconds}", f"-timeout={SECONDS}", f"-rss_limit_mb={_LIMIT_MB}"]
    others = [
        f"-seed={options.seed + 1}",
        f"-dict={words}",
        "-max_len=65536",
        "-print_final_stats=1",
    ]
    others += [f"-artifact_prefix={options.findings.resolve()}/{name}-crash-"]
    folders = [fresh, seeds, *([CORPUS / name] if (CORPUS / name).is_dir() else [])]
    command = [sys.executable, "-m", "tests.fuzz.worker", name, options.findings.resolve()]
    answer = subprocess.run(
        [*map(str, command), *limits, *others, *map(str, folders)],
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    said = answer.stdout + answer.stderr
    findings = re.findall(r"^finding: (.*)", said, re.MULTILINE)
    if answer.returncode:
        last = [line for line in said.splitlines() if "ERROR" in line or "Error" in line][-1:]
        findings.append(f"{name}: ended with {answer.returncode}: {''.join(last)}")
    units = re.search(r"number_of_executed_units: (\d+)", said)
    print(
        f"{name:12} {units[1] if units else '?':>10} tried {len(findings):>4} findings", flush=True
    )
    return findings


def main() -> None:
    """Print a line for each target, then the findings."""
    options = read_options(sys.argv[1:])
    if find_spec("atheris") is None:
        sys.exit("fuzzing needs atheris: pip install '.[fuzz]' (Linux)")
    options.findings.mkdir(parents=True, exist_ok=True)
    names = options.only.split(",")
    seconds = max(1, round(60 * options.minutes / len(names)))
    with tempfile.TemporaryDirectory(prefix="raicl-fuzz-") as work:
        found = [line for name in names for line in fuzz(name, seconds, options, Path(work))]
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
