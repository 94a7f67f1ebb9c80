"""Names of clips and databases in folders that others made, brought to those of the official list.

The lineage of STSTNet (Liong et al. 2019) and HTNet (Wang et al. 2024) names its pictures after
subject and clip, sometimes with a blank: ``sub17_EP05_09 .png``, ``s20_s20_ne_13.png``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from raicl.common.errors import InputError
from raicl.common.names import name_problem
from raicl.common.order import comparable
from raicl.common.terminal.wording import printable
from raicl.data.readers.numbered import Numbered
from raicl.data.readers.smic_tree import parse_name

OWN = "folder"  # key of one's own clips in the protocols
_SUBJECTS = {"casme2": Numbered("sub", 2), "samm": Numbered("", 3), "smic": Numbered("s", 2)}
_ALIASES = {
    **{"casmeii": "casme2", "casme2": "casme2", "samm": "samm", "folder": OWN},
    **{"smic": "smic", "smichs": "smic", "casme3": "casme3", "casmeiii": "casme3"},
    **{"casme": "casme", "casmesq": "casme_sq", "mmew": "mmew", "4dme": "4dme", "dfme": "dfme"},
    "synthetic": "synthetic",
}
ONE_OF = "one of " + ", ".join(dict.fromkeys(_ALIASES.values()))


def database_key(name: str) -> str | None:
    """The key of a database by one of its names: ``CASME II``, ``CASMEII`` and ``casme2`` are one.

    None if raicl knows no such database.
    """
    return _ALIASES.get("".join(c for c in comparable(name) if c.isalnum()))


def no_database(name: str) -> str:
    """What is wrong with a name that no database has."""
    return f"no database {printable(name)!r}"


# how each database writes its subjects
_FORMS = {
    "casme2": re.compile(r"sub\d{1,2}"),
    "samm": re.compile(r"\d{3}"),
    "smic": re.compile(r"s\d{1,2}"),
}


def guess_database(image: str, subject: str) -> str:
    """The database that writes its subjects so, in the file's name or in the table."""
    for text in (image.split("_")[0], subject.casefold()):
        for dataset, form in _FORMS.items():
            if form.fullmatch(text):
                return dataset
    return OWN


def subject_key(dataset: str, cell: str, image: str, where: str) -> str:
    """The `Clip.subject` of a row.

    Parameters
    ----------
    cell, image : the subject's cell, and the plain name of the file.
    where : the row, for messages.

    Raises
    ------
    InputError : the cell means no subject of the database, or another one than the file's name.
    """
    numbered = _SUBJECTS.get(dataset)
    key = cell if numbered is None else numbered.of_cell(cell)
    if not key:
        raise InputError(
            f"{printable(cell)!r} is no subject of {dataset}",
            where=where,
            fix="correct the cell, or name the database with --database",
        )
    problem = name_problem(key)
    if problem:
        raise InputError(
            f"the subject {printable(cell)!r} has {problem}", where=where, fix="rename the subject"
        )
    said = image.split("_")[0]
    if numbered is not None and _FORMS[dataset].fullmatch(said) and numbered.of_cell(said) != key:
        raise InputError(
            f"the row says subject {key}, the file's name {said}", where=where, fix="correct one"
        )
    return key


def official_name(written: str, file: str, dataset: str, subjects: Sequence[str]) -> str:
    """The `Clip.name` of a row.

    Parameters
    ----------
    written : name of the clip in the table; empty if it does not say.
    file : name of the file.
    subjects : how the table and raicl write the subject.
    """
    name = written or _after_subject(file, dataset, subjects)
    smic = parse_name(name) if dataset == "smic" else None
    return printable(name if smic is None else str(smic))


# `006_1_2` and `s1_ne_01` begin with their subject, which is a part of the clip's name
_BARE = {"samm": re.compile(r"\d{1,2}_\d{1,2}"), "smic": re.compile(r"(ne|po|sur)_\d+")}


def _after_subject(file: str, dataset: str, subjects: Sequence[str]) -> str:
    """What a file's name says after the subject; all of it if it does not begin with one."""
    stem = file.rpartition(".")[0].strip()
    bare = _BARE.get(dataset)
    for subject in subjects:
        start, rest = stem[: len(subject) + 1], stem[len(subject) + 1 :]
        if start.casefold() == f"{subject}_".casefold() and rest:
            return stem if bare is not None and bare.fullmatch(rest) else rest
    return stem
