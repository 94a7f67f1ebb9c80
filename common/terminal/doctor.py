"""raicl doctor: what this installation lacks, and how to fix it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from raicl.common.errors import SetupError
from raicl.common.terminal import console


@dataclass(frozen=True)
class Finding:
    """One check: whether it passed, what was found, and the remedy if it failed."""

    name: str
    holds: bool
    found: str
    fix: str = ""


def doctor() -> None:
    """Check OpenCV, dlib and its models, the torch pair, the GPU, and the output folder."""
    findings = [*_libraries(), *_torch_pair(), *_machine()]
    for item in findings:
        console.result(f"{'ok  ' if item.holds else 'FAIL'}  {item.name}: {item.found}")
        if not item.holds:
            console.result(f"      fix: {item.fix}")
    broken = [item for item in findings if not item.holds]
    if broken:
        raise SetupError(
            f"{len(broken)} of {len(findings)} checks failed, first: {broken[0].name}",
            fix=broken[0].fix,
        )


def _libraries() -> Iterator[Finding]:
    owners = packages_distributions()
    cv2 = sorted(set(owners.get("cv2", [])))
    contrib = [name for name in cv2 if "contrib" in name]
    yield Finding(
        "OpenCV",
        len(cv2) == 1 and len(contrib) == 1,
        ", ".join(f"{name} {version(name)}" for name in cv2) or "not installed",
        "keep exactly one cv2 distribution, with contrib: pip uninstall -y "
        f"{' '.join(cv2) or 'opencv-python'} && pip install opencv-contrib-python",
    )
    # the wheel and the source build list their modules under different names
    dlib = sorted({*owners.get("dlib", []), *owners.get("_dlib_pybind11", [])})
    yield Finding(
        "dlib",
        len(dlib) == 1,
        ", ".join(f"{name} {version(name)}" for name in dlib) or "not installed",
        "keep exactly one: pip uninstall -y dlib dlib-bin && pip install dlib-bin",
    )
    yield Finding(
        "simplejpeg", bool(owners.get("simplejpeg")), _installed("simplejpeg"),
        "pip install simplejpeg",
    )  # fmt: skip
    package = find_spec("face_recognition_models")
    folders = list(package.submodule_search_locations or []) if package else []
    models = sorted(path.name for folder in folders for path in Path(folder).rglob("*.dat"))
    yield Finding(
        "landmark models (the 68-point one is for non-commercial use; dlib5 is free)",
        "shape_predictor_68_face_landmarks.dat" in models,
        f"{len(models)} model files" if models else "not installed",
        "pip install face_recognition_models",
    )


_PAIR = """
import json, torch, torchvision
cards = []
for n in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
    card, error = torch.cuda.get_device_properties(n), ""
    try:
        torch.ones(2, device=f"cuda:{n}").sum().item()
    except RuntimeError as reason:
        error = str(reason).splitlines()[0]
    cards.append([card.name, card.total_memory, card.major, error])
print(json.dumps([torch.__version__, torchvision.__version__, torch.version.cuda, cards]))
"""
_BUILD = "install the torch build for your driver, see pytorch.org/get-started"


def _torch_pair() -> Iterator[Finding]:
    # in a separate process, because a mismatched pair can break more than the import
    answer = subprocess.run(
        [sys.executable, "-c", _PAIR], capture_output=True, text=True, check=False
    )
    if answer.returncode == 0:
        torch, torchvision, cuda, cards = json.loads(answer.stdout.splitlines()[-1])
        yield Finding("torch and torchvision", True, f"{torch} and {torchvision}")
        yield from describe_cards(cuda, cards, _cards_of_driver())
        yield _kernels()
        return
    lines = answer.stderr.strip().splitlines()
    reason = lines[-1] if lines else f"the import ended with {answer.returncode}"
    yield Finding(
        "torch and torchvision",
        False,
        f"{_installed('torch')} and {_installed('torchvision')} do not work together: {reason}",
        "install a matching pair in one command, both from the same index: "
        "pip install --upgrade --force-reinstall torch torchvision",
    )


def describe_cards(
    cuda: str | None, cards: Sequence[tuple[str, int, int, str]], present: int
) -> Iterator[Finding]:
    """What there is to train on.

    Parameters
    ----------
    cuda : release of CUDA that torch was built with. None if it was built without.
    cards : those that torch sees: name, bytes of memory, generation (the first number of its
        compute capability), and the error of a first computation, empty if it worked.
    present : number of cards that the driver knows.
    """
    for name, memory, generation, error in cards:
        kinds = "TF32 and bfloat16" if generation >= 8 else "neither TF32 nor bfloat16"
        found = f"{name}, {memory / 1e9:.0f} GB, {kinds}"
        yield Finding("GPU", not error, f"{found}; {error}" if error else found, _BUILD)
    if not cards and present:
        build = f"the build for CUDA {cuda}" if cuda else "a build without CUDA"
        found = f"the driver knows {present}, and torch, {build}, sees none"
        yield Finding("GPU", False, found, _BUILD)
    elif not cards:
        yield Finding("GPU", True, "none, training uses the CPU")


def _cards_of_driver() -> int:
    if not shutil.which("nvidia-smi"):
        return 0
    answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return sum(line.startswith("GPU ") for line in answer.stdout.splitlines())


def _kernels() -> Finding:
    """What ``--compile`` translates with. Nothing else needs it."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    found = [f"on a CPU by {compiler}"] if compiler else []
    found += [f"on a GPU by {_installed('triton')}"] if find_spec("triton") else []
    return Finding("--compile", True, ", ".join(found) or "no compiler, only --compile none works")


def _installed(name: str) -> str:
    return f"{name} {version(name)}" if name in _distributions() else f"{name} absent"


def _distributions() -> set[str]:
    return {name for names in packages_distributions().values() for name in names}


def _machine() -> Iterator[Finding]:
    folder = Path.cwd()
    free = shutil.disk_usage(folder).free / 1e9
    yield Finding("disk", free > 5, f"{free:.0f} GB free here", "a large cache takes 3 GB")
    lacks = _lacks(folder)
    yield Finding(
        "output folder",
        not lacks,
        f"{folder} {lacks or 'is writable and locks'}",
        "work in a folder of your own, on a local disk",
    )


def _lacks(folder: Path) -> str:
    """What keeps commands from writing in a folder, or nothing."""
    import fcntl
    from tempfile import TemporaryFile

    try:
        with TemporaryFile(dir=folder) as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                return f"is writable and does not lock: {error.strerror}"
    except OSError as error:
        return f"is not writable: {error.strerror}"
    return ""
