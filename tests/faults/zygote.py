"""A process that has loaded raicl and runs each command in a fork of itself, with a fault.

It reads lines of JSON: the command's words, its folder, and variables such as ``FAULT``. It answers
with the exit code (minus the signal's number if one ended it) and what was printed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from typing import BinaryIO

MAINS = {
    "raicl": "raicl.common.terminal.umbrella",
    "raicl-prep": "raicl.preprocess.cli",
    "raicl-train": "raicl.train.cli",
}


def run(words: list[str], folder: str, variables: dict[str, str], printed: BinaryIO) -> int:
    """Run a command in a fork and wait for it."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    code = 1
    try:
        os.chdir(folder)
        for descriptor in (1, 2):
            os.dup2(printed.fileno(), descriptor)
        sys.argv = words
        main = importlib.import_module(MAINS[words[0]]).main
        os.environ.update(variables)  # also for the library below, which asks at each call
        main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Answer until the input ends."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile() as printed:
            code = run(asked["words"], asked["folder"], asked["variables"], printed)
            printed.seek(0)
            said = printed.read().decode(errors="replace")
        print(json.dumps({"code": code, "said": said}), flush=True)


if __name__ == "__main__":
    main()
