"""Exclusions: what a protocol's `exclude` names and no clip is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from raicl.common.clip import Clip
from raicl.common.terminal.wording import counted, printable
from raicl.data.protocols.identity import built_in_like
from raicl.data.protocols.protocol import Protocol

_SHOWN = 5  # names that are told


def idle_exclusions(protocol: Protocol, clips: Iterable[Clip]) -> list[str]:
    """One line per clip or version of a sheet that is excluded and is not there.

    Rules of raicl's own protocols name several versions, of which a cache has one, and are taken
    for right.

    Parameters
    ----------
    clips : all clips found, including those that the protocol leaves out.
    """
    by_sheet: dict[str, dict[str, set[str]]] = {}
    for clip in clips:
        sheets = by_sheet.setdefault(clip.dataset, {})
        sheets.setdefault(clip.sheet, set()).add(f"{clip.subject}/{clip.name}")
    found = [
        f"{dataset}: {line}"
        for dataset, sheets in sorted(by_sheet.items())
        if built_in_like(protocol, [dataset]) is None
        for line in _idle(protocol, dataset, sheets)
    ]
    more = f"and {counted(len(found) - _SHOWN, 'more exclusion')} without a clip"
    return [*found[:_SHOWN], more] if found[_SHOWN:] else found


def _idle(protocol: Protocol, dataset: str, sheets: dict[str, set[str]]) -> Iterator[str]:
    rule = protocol.databases.get(dataset)  # not of another that it is like: its names are others
    for sheet, names in sorted(rule.exclude.items() if rule is not None else ()):
        lost = [name for name in names if name not in sheets.get(sheet, ())]
        if sheet in sheets:
            for name in lost:
                there = f"no such clip of {_version(sheet)}{_near(name, sheets[sheet])}"
                yield f"{printable(name)} is excluded, and there is {there}"
        elif lost:
            there = ", ".join(map(_version, sorted(sheets)))
            yield (
                f"{counted(len(lost), 'clip')} of {_version(sheet)} excluded ({printable(lost[0])}"
                f"{', ...' if lost[1:] else ''}), and the clips are of {there}"
            )


def _version(sheet: str) -> str:
    return f"version {printable(sheet)}" if sheet else "no version"


def _near(name: str, there: Collection[str]) -> str:
    plain = {other.casefold(): other for other in there}
    near = get_close_matches(name.casefold(), plain, 1, 0.6)
    return f"; did you mean {printable(plain[near[0]])}?" if near else ""
