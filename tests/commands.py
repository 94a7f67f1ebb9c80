"""Commands as a user types them: programs of their own, in a folder of their own."""

import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
QUICK = ["--n-frames", "4", "--size", "97", "--flow-warps", "1", "--flow-scales", "2"]


def run(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / str(words[0])), *(str(word) for word in words[1:])]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("RAICL_")}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=inherited | environment
    )
