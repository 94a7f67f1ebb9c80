"""An audit as text: totals, classes with the published counts, and every skipped clip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from raicl.common.terminal.wording import clips_of_subjects, printable
from raicl.data.database import edition
from raicl.data.protocols.agreement import Agreement, Difference, difference_lines, official_line
from raicl.data.protocols.audit import Audit, CompositeAudit, ProtocolCounts

_BRIEFLY = 3  # differing numbers shown per protocol; in another database nearly all differ


def audit_table(found: Audit | CompositeAudit, *, brief: bool = False) -> str:
    """The text of an audit: each database in turn, then the verdict on several together."""
    if "databases" not in found:
        return _database_table(found, brief)
    tables = [_database_table(item, brief) for item in found["databases"]]
    for name, official in found["official"].items():
        listed = [
            _agreement(item["counts"]["protocols"][name], item["dataset"])
            for item in found["databases"]
        ]
        tables.append(official_line(name, listed, official))
    return "\n".join(tables)


def protocol_lines(
    name: str, protocol: ProtocolCounts, dataset: str, *, brief: bool = False
) -> list[str]:
    """Clips per class, the published counts that differ, and the verdict on the official list."""
    agreement = _agreement(protocol, dataset)
    lines = difference_lines(agreement)
    if brief and len(lines) > _BRIEFLY + 1:
        more = len(agreement.differences) - _BRIEFLY
        lines = [*lines[:_BRIEFLY], f"and {more} more numbers, see --strict or --json"]
    if agreement.official is not None:
        lines.append(official_line(name, [agreement], agreement.official))
    return [
        f"  {name:9} {clips_of_subjects(protocol['clips'], protocol['subjects'])}: "
        f"{_list(protocol['classes'])}",
        *(f"  {'':9} {line}" for line in lines),
    ]


def correction_lines(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """One line per annotated value that was replaced, with the reason and its source."""
    return [
        f"  corrected {row['id']}: {row['field']} {row['annotated']} -> {row['used']} "
        f"({row['reason']}; {row['source']})"
        for row in rows
    ]


def _database_table(found: Audit, brief: bool) -> str:
    counts = found["counts"]
    named = [found["layout"], edition(found["dataset"], found["sheet"])]
    lines = [
        f"{found['dataset']} ({', '.join(filter(None, named))}): "
        f"{clips_of_subjects(counts['clips'], counts['subjects'])}, {counts['skipped']} skipped",
        f"  emotions  {_list(counts['emotions'])}",
    ]
    if counts["flags"]:
        lines.append(f"  flags     {_list(counts['flags'])}")
    for name, protocol in counts["protocols"].items():
        lines += protocol_lines(name, protocol, found["dataset"], brief=brief)
    if found["part"]:
        lines.append("  a part of the database, not compared with the published counts")
    lines += correction_lines(found["corrections"])
    width = max((len(row["id"]) for row in found["skipped"]), default=0)
    lines += [f"  skipped   {row['id']:{width}}  {row['reason']}" for row in found["skipped"]]
    return "\n".join(lines)


def _agreement(protocol: ProtocolCounts, dataset: str) -> Agreement:
    rows = tuple(Difference(**row) for row in protocol["differences"])
    return Agreement(dataset=dataset, differences=rows, official=protocol["official"])


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {printable(name)}" for name, n in counts.items())
