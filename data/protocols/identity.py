"""Identity: whether a protocol is one of raicl's, by what it says and not by what it is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from raicl.data.protocols.protocol import PROTOCOLS, Protocol, load_protocol

_SHOWN = 3  # differences that are named


def built_in_like(protocol: Protocol, datasets: Iterable[str]) -> str | None:
    """The name of raicl's protocol that gives every clip of these databases the same class.

    Titles and published counts do not matter, nor do the rules of other databases. Of several the
    one of the same name is meant. None if there is none.
    """
    datasets = list(datasets)
    names = sorted(PROTOCOLS, key=lambda name: name != protocol.name)
    return next((n for n in names if not unlike(protocol, load_protocol(n), datasets)), None)


def unlike_its_name(protocol: Protocol, datasets: Iterable[str]) -> str:
    """How a protocol with the name of one of raicl's differs from it, in words. Empty if not."""
    if protocol.name not in PROTOCOLS:
        return ""
    return unlike(protocol, load_protocol(protocol.name), datasets)


def unlike(one: Protocol, other: Protocol, datasets: Iterable[str]) -> str:
    """What the first protocol does otherwise than the second with databases. Empty if nothing."""
    found = [
        f"{dataset}: {line}"
        for dataset in sorted(set(datasets))
        for line in _differences(one, other, dataset)
    ]
    more = f"; and {len(found) - _SHOWN} more" if found[_SHOWN:] else ""
    return "; ".join(found[:_SHOWN]) + more


def _differences(one: Protocol, other: Protocol, dataset: str) -> Iterator[str]:
    ours, theirs = one.rule_of(dataset), other.rule_of(dataset)
    if ours is None or theirs is None:
        if ours is not theirs:
            yield "no rule" if ours is None else f"a rule, and {other.name} has none"
        return
    classes = one.classes_of(dataset), other.classes_of(dataset)
    if classes[0] != classes[1]:
        yield f"classes {', '.join(classes[0])} in place of {', '.join(classes[1])}"
    for emotion in sorted(ours.emotions.keys() | theirs.emotions.keys()):
        given = [rule.emotions.get(emotion, "left out") for rule in (ours, theirs)]
        if given[0] != given[1]:
            yield f"{emotion} is {given[0]} in place of {given[1]}"
    if ours.require_apex != theirs.require_apex:
        yield f"{'an' if ours.require_apex else 'no'} apex is needed in place of " + (
            "none" if ours.require_apex else "one"
        )
    for sheet in sorted(ours.exclude.keys() | theirs.exclude.keys()):
        listed = [set(rule.exclude.get(sheet, ())) for rule in (ours, theirs)]
        for clip in sorted(listed[0] ^ listed[1]):
            yield f"{clip} of {sheet} is {'excluded' if clip in listed[0] else 'not excluded'}"
