"""The option ``--fold``: which folds it names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from raicl.common.errors import UsageError
from raicl.train.clips.folds import Fold

_SHOWN = 3  # names that are suggested


def choose_folds(
    folds: Sequence[Fold], asked: Sequence[str], *, note: Callable[[str], None]
) -> tuple[Fold, ...]:
    """The folds that ``--fold`` names, in natural order.

    Parameters
    ----------
    asked : values of the option. Each is a comma-separated list of ``all``, a subject
        (``sub05``, ``casme2/sub05``, ``subject:3``), a zero-based row (``#3``, ``3``) or rows
        (``0-4``).
    note : receives a sentence if a number could also mean another fold.

    Raises
    ------
    UsageError : a part is empty, unknown, ambiguous or given twice.
    """
    tokens = [token.strip() for value in asked for token in value.split(",")]
    if tokens == ["all"]:
        return tuple(folds)
    chosen: dict[int, str] = {}
    for token in tokens:
        for fold in _named(token, folds, note):
            if fold.index in chosen:
                raise UsageError(
                    f"--fold names {fold.name} twice, as `{chosen[fold.index]}` and `{token}`",
                    fix="name every fold once",
                )
            chosen[fold.index] = token
    return tuple(fold for fold in folds if fold.index in chosen)


def _named(token: str, folds: Sequence[Fold], note: Callable[[str], None]) -> list[Fold]:
    if token in {"", "all"}:
        raise UsageError(
            "--fold has an empty part" if not token else "--fold all stands alone",
            fix="give all, subjects or rows: --fold all, --fold sub05, --fold 0-4,sub07",
        )
    if token.startswith("subject:"):
        return [_by_number_or_name(token.removeprefix("subject:"), folds)]
    exact = [fold for fold in folds if token in (fold.name, _bare(fold))]
    if exact:
        fold = _only(exact, token)
        if re.fullmatch(r"0|[1-9][0-9]*", token):
            other = _at(int(token), folds)
            if other not in (None, fold):
                subject = other.name
                note(f"--fold {token} is taken as {fold.name}; #{token} would be {subject}")
        return [fold]
    if re.fullmatch(r"#[0-9]+", token):
        return [_row(int(token[1:]), folds)]
    if re.fullmatch(r"[0-9]+", token):
        row = int(token)
        fold = _row(row, folds)
        others = [other.name for other in folds if _number(other) == row and other != fold]
        if others:
            note(
                f"--fold {token} is taken as row #{token}, {fold.name}; "
                f"subject:{token} would be {' or '.join(others)}"
            )
        return [fold]
    ends = re.fullmatch(r"#?(0|[1-9][0-9]*)-#?(0|[1-9][0-9]*)", token)
    if ends:
        first, last = int(ends[1]), int(ends[2])
        if first > last:
            raise UsageError(f"--fold {token} runs backwards", fix=f"write {last}-{first}")
        _row(last, folds)
        return [fold for fold in folds if first <= fold.index <= last]
    raise _unknown(token, folds)


def _bare(fold: Fold) -> str:
    return fold.name.rsplit("/", 1)[-1]


def _number(fold: Fold) -> int | None:
    """The number a subject's name ends with: 5 for sub05 and s5."""
    digits = re.search(r"[0-9]+$", _bare(fold))
    return int(digits[0]) if digits else None


def _only(found: Sequence[Fold], token: str) -> Fold:
    if len(found) > 1:
        keys = ", ".join(fold.name for fold in found)
        raise UsageError(f"--fold {token} is ambiguous", where=keys, fix="write one of them")
    return found[0]


def _at(row: int, folds: Sequence[Fold]) -> Fold | None:
    """The fold of a row. A subject without a clip to test has a row but no fold."""
    return next((fold for fold in folds if fold.index == row), None)


def _row(row: int, folds: Sequence[Fold]) -> Fold:
    fold = _at(row, folds)
    if fold is None:
        last = folds[-1].index
        lack = f"is past the last, {last}" if row > last else "is a subject without a clip to test"
        named = [other.name for other in folds if _number(other) == row]
        hint = f"subject:{row} is {' or '.join(named)}; " if named else ""
        raise UsageError(f"--fold row {row} {lack}", fix=f"{hint}see --list-folds")
    return fold


def _by_number_or_name(wanted: str, folds: Sequence[Fold]) -> Fold:
    found = [fold for fold in folds if wanted in (fold.name, _bare(fold))]
    if not found and re.fullmatch(r"[0-9]+", wanted):
        found = [fold for fold in folds if _number(fold) == int(wanted)]
    if not found:
        raise _unknown(wanted, folds)
    return _only(found, f"subject:{wanted}")


def _unknown(token: str, folds: Sequence[Fold]) -> UsageError:
    near = _near(token, folds)
    return UsageError(
        f"--fold {token}: no such subject or row",
        fix=f"did you mean {', '.join(near[:_SHOWN])}?" if near else "see --list-folds",
    )


def _near(token: str, folds: Sequence[Fold]) -> list[str]:
    """Names like what was asked for: first those that differ in case, zeros and signs alone."""
    names = {_plain(key): fold.name for fold in folds for key in (_bare(fold), fold.name)}
    same = [f.name for f in folds if _plain(token) in (_plain(f.name), _plain(_bare(f)))]
    close = [names[key] for key in get_close_matches(_plain(token), names, 6, 0.5)]
    return list(dict.fromkeys([*same, *close]))


def _plain(name: str) -> str:
    """``sub1`` of SUB01, sub-01 and of full-width digits."""
    text = re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", name).casefold())
    return re.sub(r"[0-9]+", lambda digits: str(int(digits[0])), text)
