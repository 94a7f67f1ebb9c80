"""Find the folder of a database, with errors for a missing or ambiguous place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import InputError

_REQUEST = {
    "casme2": "request CASME II at http://fu.psych.ac.cn/CASME/casme2-en.php, or try without it: "
    "`raicl synth data/raw/casme2`",
    "casme3": "request CAS(ME)^3 at http://casme.psych.ac.cn/casme/e4; data/README.md shows the "
    "folders expected",
    "casme": "request CASME at http://casme.psych.ac.cn; data/README.md shows the folders expected",
    "casme_sq": "request CAS(ME)^2 at http://casme.psych.ac.cn; data/README.md shows the folders "
    "expected",
    "mmew": "request MMEW from its makers at Shandong University; data/README.md shows the folders "
    "expected",
    "4dme": "request 4DME from its makers at the University of Oulu; data/README.md shows the "
    "folders expected",
    "dfme": "request DFME from its makers; data/README.md shows the folders expected",
    "folder": "give the folder of your own clips with --root DIR; data/README.md shows its layout",
    "samm": "request SAMM from its makers at Manchester Metropolitan University; data/README.md "
    "shows the folders expected",
    "smic": "request SMIC at https://www.oulu.fi/cmvs/node/41319; data/README.md shows the folders "
    "expected",
    "synthetic": "make one with `raicl synth DIR` and give it with --root DIR",
}


def find_root(name: str, given: Path | None, *, option: str = "--root") -> Path:
    """The folder of a database with links resolved, from the first of these places that is there.

    `given` (by `option`), ``$RAICL_<NAME>``, ``$RAICL_DATA/<name>``, ``./data/raw/<name>``. The
    first two name one place, so if one of them is set and has no folder, that is an error and no
    other place is tried.

    Raises
    ------
    InputError : no folder was found; the error lists all places that were tried.
    """
    variable = f"RAICL_{name.upper()}"
    if given is not None:
        return _checked(given, option, name)
    if os.environ.get(variable):
        return _checked(Path(os.environ[variable]).expanduser(), f"${variable}", name)
    common = os.environ.get("RAICL_DATA")
    tried = [Path(common).expanduser() / name] if common else []
    tried.append(Path("data", "raw", name))
    for place in tried:
        if place.is_dir():
            return place.resolve()
    places = [f"{option} (not given), ${variable} (not set)"]
    places += [] if common else [f"$RAICL_DATA/{name} (not set)"]
    raise InputError(
        f"{name} was not found",
        where="tried " + ", ".join([*places, *map(str, tried)]),
        fix=_REQUEST[name],
    )


def _checked(place: Path, source: str, name: str) -> Path:
    if place.is_dir():
        return place.resolve()
    if place.is_file():
        raise InputError(
            f"{source} names a file, not a folder",
            where=str(place),
            fix="unpack the archive and give the folder"
            if place.suffix.lower() in {".zip", ".rar", ".7z", ".gz", ".tar"}
            else "give the folder that holds the subjects' folders",
        )
    raise InputError(f"{source} does not exist", where=str(place), fix=_REQUEST[name])


def ambiguous(paths: Sequence[Path], option: str) -> InputError:
    """The error for several candidates that are equally good."""
    return InputError(
        f"{len(paths)} candidates: {', '.join(path.name for path in paths)}",
        where=", ".join(map(str, paths)),
        fix=f"name the one to use with {option}",
    )
