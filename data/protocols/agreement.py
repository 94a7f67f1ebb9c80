"""Agreement: whether the clips found are the ones that were published for a protocol."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from raicl.common.clip import Clip
from raicl.common.terminal.wording import printable
from raicl.data.protocols.protocol import Expected, Protocol

_SHOWN = 8  # number of differing subjects in a text; --json lists all


@dataclass(frozen=True)
class Difference:
    """One published number and the number found.

    Attributes
    ----------
    what : ``subjects``, or ``class NAME``, or ``subject NAME`` with one number per class.
    """

    what: str
    expected: int | tuple[int, ...]
    found: int | tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How the clips of one database under a protocol agree with what is published.

    Attributes
    ----------
    differences : the published numbers that are not met.
    official : whether clips and labels are those of the official list; None if there is no list.
    """

    dataset: str
    differences: tuple[Difference, ...]
    official: bool | None

    @property
    def complete(self) -> bool:
        """Whether the clips contradict nothing that is published."""
        return not self.differences and self.official is not False

    @property
    def subjects(self) -> list[str]:
        """Subjects whose counts differ."""
        rows = (row.what.split(" ", 1) for row in self.differences)
        return [name[1] for name in rows if name[0] == "subject"]


def compare_published(protocol: Protocol, dataset: str, clips: Iterable[Clip]) -> Agreement | None:
    """Compare a database with what is published about it; None if nothing is.

    Parameters
    ----------
    clips : all clips found, including those that the protocol leaves out. Clips of other databases
        are ignored.
    """
    clips = [clip for clip in clips if clip.dataset == dataset]
    sheet = clips[0].sheet if clips else ""
    expected = protocol.expected(dataset, sheet)
    rule = protocol.databases.get(dataset)
    digest = rule.clip_list if rule is not None and rule.lists(sheet) else None
    if expected is None and digest is None:
        return None
    return Agreement(
        dataset=dataset,
        differences=() if expected is None else _differences(protocol, dataset, clips, expected),
        official=None if digest is None else clip_list_digest(protocol, clips) == digest,
    )


def complete_counts(protocol: Protocol, dataset: str) -> Expected | None:
    """Published counts of the version that the official list, or else the only count, is of."""
    rule = protocol.databases.get(dataset)
    if rule is None or not rule.expected:
        return None
    only = next(iter(rule.expected.values())) if len(rule.expected) == 1 else None
    return protocol.expected(dataset, rule.clip_list_of or "any") or only


def clip_list_digest(protocol: Protocol, clips: Iterable[Clip]) -> str:
    """SHA-256 of the sorted lines ``dataset,subject,clip,label`` of the clips in the protocol.

    The lines have the form of the list of MEGC 2019. Subjects and clips are named as raicl's
    readers do (``sub01``, ``006``, ``s01_ne_01``), and labels are indices. By the digest, lists can
    be compared without distributing them.
    """
    labels = ((clip, protocol.label(clip)) for clip in clips)
    lines = sorted(
        f"{clip.dataset},{clip.subject},{clip.name},{label}\n"
        for clip, label in labels
        if label is not None
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def compare_all_published(protocol: Protocol, clips: Iterable[Clip]) -> tuple[Agreement, ...]:
    """Compare every database among `clips` about which anything is published, sorted by name."""
    clips = list(clips)
    datasets = sorted({clip.dataset for clip in clips})
    found = (compare_published(protocol, dataset, clips) for dataset in datasets)
    return tuple(agreement for agreement in found if agreement is not None)


def whole_list(protocol: Protocol, clips: Iterable[Clip]) -> bool | None:
    """Whether `clips` are the whole official list; None unless all its databases are there."""
    listed = {name for name, rule in protocol.databases.items() if rule.clip_list is not None}
    clips = [clip for clip in clips if clip.dataset in listed]
    if protocol.clip_list is None or {clip.dataset for clip in clips} != listed:
        return None
    return clip_list_digest(protocol, clips) == protocol.clip_list


def published_lines(protocol: Protocol, clips: Iterable[Clip]) -> list[str]:
    """One line per published number that is not met, with its database."""
    found = compare_all_published(protocol, clips)
    return [f"{item.dataset}: {line}" for item in found for line in difference_lines(item)]


def official_lines(protocol: Protocol, clips: Iterable[Clip]) -> list[str]:
    """The verdict on the official list, or on its part of each database if not all are there."""
    clips = list(clips)
    listed = [item for item in compare_all_published(protocol, clips) if item.official is not None]
    unlisted = _unlisted_lines(protocol, clips)
    whole = None if unlisted else whole_list(protocol, clips)
    if whole is not None:
        return [official_line(protocol.name, listed, whole)]
    return [
        *(official_line(protocol.name, [item], bool(item.official)) for item in listed),
        *unlisted,
    ]


def _unlisted_lines(protocol: Protocol, clips: Iterable[Clip]) -> list[str]:
    """One line per version or variant of a listed database that is not in the official list."""
    return [
        f"official {protocol.name.upper()} list: no, of {dataset} it lists {rule.clip_list_of}, "
        f"not {printable(sheet)}"
        for dataset, sheet in sorted({(clip.dataset, clip.sheet) for clip in clips})
        if (rule := protocol.databases.get(dataset)) is not None
        and rule.clip_list is not None
        and not rule.lists(sheet)
    ]


def official_line(name: str, found: Sequence[Agreement], official: bool) -> str:
    """The verdict on the official list of protocol `name`, with what differs, as far as known."""
    title = f"official {name.upper()} list: "
    if official:
        return f"{title}yes ({' + '.join(item.dataset for item in found)})"
    other = [item for item in found if not item.official]
    subjects = [f"{item.dataset}/{printable(name)}" for item in other for name in item.subjects]
    if subjects:
        return f"{title}no, these differ: {_some(subjects)}"
    datasets = " + ".join(item.dataset for item in other)
    return f"{title}no, every count agrees but a clip's name or label differs ({datasets})"


def difference_lines(agreement: Agreement) -> list[str]:
    """One line per published number that is not met, with the number found."""
    subjects = agreement.subjects
    hidden = {f"subject {name}" for name in subjects[_SHOWN:]}
    shown = [row for row in agreement.differences if row.what not in hidden]
    cells = [(printable(row.what), _numbers(row.expected), _numbers(row.found)) for row in shown]
    width, middle = (max((len(row[i]) for row in cells), default=0) for i in (0, 1))
    lines = [f"{what:{width}}  expected {e:{middle}}  found {f}" for what, e, f in cells]
    return lines + ([f"and {len(hidden)} more subjects"] if hidden else [])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _numbers(value: int | tuple[int, ...]) -> str:
    return str(value) if isinstance(value, int) else ",".join(map(str, value))


def _differences(
    protocol: Protocol, dataset: str, clips: Sequence[Clip], expected: Expected
) -> tuple[Difference, ...]:
    classes = protocol.classes_of(dataset)
    table: dict[str, Counter[str]] = {}
    for clip in clips:
        name = protocol.class_name(clip)
        if name is not None:
            table.setdefault(clip.subject, Counter())[name] += 1
    total = sum(table.values(), Counter())
    rows = [
        Difference(f"class {name}", expected.classes.get(name, 0), total[name]) for name in classes
    ]
    if expected.subjects is not None:
        rows.append(Difference("subjects", expected.subjects, len(table)))
    if expected.per_subject:
        nothing = (0,) * len(classes)
        for subject in sorted(expected.per_subject.keys() | table.keys()):
            found = tuple(table.get(subject, Counter())[name] for name in classes)
            published = expected.per_subject.get(subject, nothing)
            rows.append(Difference(f"subject {subject}", published, found))
    return tuple(row for row in rows if row.expected != row.found)
