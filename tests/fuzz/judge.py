"""Judge: what a reader makes of a content, and whether that is a finding."""

from __future__ import annotations

import traceback
from pathlib import Path

from raicl.common.errors import RaiclError
from tests.fuzz.targets import Target
from tests.peak import begin_peak, memory_mb

MEMORY_MB, SECONDS = 200, 20


def judge(target: Target, content: bytes, folder: Path) -> str:
    """Let a target read a content from a file in `folder`; a finding in a line, or nothing."""
    path = folder / f"case{target.suffix}"
    path.write_bytes(content)
    before = begin_peak()
    try:
        target.read(path)
    except RaiclError:
        pass
    except Exception as error:  # what a reader must never let through
        return f"{type(error).__name__}: {str(error)[:200]!r} at {_place(error)}"
    more = memory_mb("VmHWM") - before
    return f"{more:.0f} MB more" if more > MEMORY_MB else ""


def _place(error: BaseException) -> str:
    """The last line of raicl that an error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}"
