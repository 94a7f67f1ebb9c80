"""``raicl inspect``: what a cache holds, a picture of one clip, and a page with all of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from raicl.common.errors import UsageError
from raicl.common.terminal import console
from raicl.common.terminal.wording import clips_of_subjects, counted

if TYPE_CHECKING:  # h5py and numpy load when a cache is opened, not for --help
    from raicl.common.cache.flows import Cache
    from raicl.common.implausible import ClipDoubt
    from raicl.common.settings import SettingValue
    from raicl.data.protocols.audit import ProtocolCounts


def inspect(
    flows: Annotated[Path, typer.Argument(help="A cache written by raicl-prep.")],
    clip: Annotated[str | None, typer.Option(help="Draw this clip, by its id.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The picture to write.")] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(metavar="PAGE", help="Write one HTML page with every clip, the worst first."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a cache holds; with --clip ID --out FILE.png, draw one clip's instances.

    With --gallery PAGE.html, write every clip on one page. For research only.
    """
    from raicl.common.cache.flows import open_cache

    if gallery is not None and (clip is not None or out is not None or as_json):
        raise UsageError(
            "--gallery stands alone", fix="leave --clip, --out and --json to a command of their own"
        )
    cache = open_cache(flows)
    if gallery is not None:
        from raicl.data.gallery.page import write_gallery

        write_gallery(gallery, cache)
        console.result(str(gallery))
        return
    if clip is None and out is None:
        found = summary(cache)
        console.result(json.dumps(found, indent=2) if as_json else _table(found))
        return
    if clip is None or out is None:
        raise UsageError("--clip and --out go together", fix="--clip ID --out clip.png")
    from raicl.common.cache.pictures import draw_clip

    draw_clip(cache, clip, out)
    console.result(str(out))


class DatabaseSummary(TypedDict):
    """One database of a cache: its release, and its clips in every protocol."""

    clips: int
    subjects: int
    layout: str
    sheet: str
    corrections: list[dict[str, str]]
    protocols: dict[str, ProtocolCounts]


class Spread(TypedDict):
    """A number of `raicl.common.quality.Quality` over the clips of which it is known."""

    known: int
    least: float
    median: float
    greatest: float


class Summary(TypedDict):
    """What ``raicl inspect --json`` prints; `untrained` counts instances for inference alone.

    `unchecked` clips were never asked whether they are plausible, so `doubts` says nothing of them.
    `made_elsewhere` says what the numbers of an imported flow mean, and is empty of others.
    """

    version: int
    path: str
    packed: bool
    digest: str
    clips: int
    subjects: int
    instances: int
    untrained: int
    size: int
    megabytes: float
    made_elsewhere: str
    databases: dict[str, DatabaseSummary]
    emotions: dict[str, int]
    flags: dict[str, int]
    quality: dict[str, Spread]
    doubts: list[ClipDoubt]
    unchecked: int
    skipped: list[dict[str, str]]
    failures: list[dict[str, str]]
    settings: dict[str, SettingValue]
    provenance: dict[str, object]


def summary(cache: Cache) -> Summary:
    """Clips, classes under each protocol, flags, bytes, settings and versions, as plain values."""
    from raicl.common.implausible import list_doubts

    clips = [record.clip for record in cache.records]
    return {
        "version": 1,
        "path": str(cache.path),
        "packed": cache.packed,
        "digest": cache.digest,
        "clips": len(clips),
        "subjects": len({clip.subject_key for clip in clips}),
        "instances": sum(len(record.frames) for record in cache.records),
        "untrained": sum(len(record.untrained) for record in cache.records),
        "size": cache.size,
        "megabytes": round(cache.n_bytes / 1e6, 1),
        "made_elsewhere": "" if all(clip.numbered for clip in clips) else str(cache.measure),
        "databases": {name: _database(cache, name) for name in sorted({c.dataset for c in clips})},
        "emotions": _count(clip.emotion for clip in clips),
        "flags": _count(flag for clip in clips for flag in clip.flags),
        "quality": _spreads(cache),
        "doubts": list_doubts(cache.records, cache.size),
        "unchecked": sum(not (it.quality and it.quality.is_checked) for it in cache.records),
        "skipped": [row.model_dump() for row in cache.manifest.skipped],
        "failures": [row.model_dump() for row in cache.manifest.failures],
        "settings": cache.settings,
        "provenance": cache.manifest.provenance.model_dump(mode="json", exclude_unset=True),
    }


_ELSEWHERE = "quality    unknown: the frames of a flow that was made elsewhere are not here"


def _database(cache: Cache, dataset: str) -> DatabaseSummary:
    from raicl.data.protocols.audit import audit_protocols

    clips = [record.clip for record in cache.records if record.clip.dataset == dataset]
    prepared = cache.manifest.provenance.databases
    made = next((row for row in prepared if row.name == dataset), None)
    return {
        "clips": len(clips),
        "subjects": len({clip.subject for clip in clips}),
        "layout": "" if made is None else made.layout,
        "sheet": clips[0].sheet,
        "corrections": [] if made is None else [row.model_dump() for row in made.corrections],
        "protocols": audit_protocols(dataset, clips),
    }


def _spreads(cache: Cache) -> dict[str, Spread]:
    """How the numbers of the clips are spread; one that no clip has is left out."""
    from statistics import median

    found: dict[str, list[float]] = {}
    for record in cache.records:
        for name, value in (record.quality.to_json() if record.quality else {}).items():
            found.setdefault(name, []).append(value)
    return {
        name: {
            "known": len(values),
            "least": min(values),
            "median": round(median(values), 3),
            "greatest": max(values),
        }
        for name, values in found.items()
    }


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _table(found: Summary) -> str:
    lines = []
    for name, value in found.items():
        if name == "databases":
            for dataset, counts in found["databases"].items():
                lines += _database_lines(dataset, counts)
        elif name == "provenance":
            # layout, edition and corrections of each database stand in its own lines
            parts = found["provenance"].items()
            lines += [f"{key:10} {_shown(part)}" for key, part in parts if key != "databases"]
        elif name == "quality":
            lines += [_ELSEWHERE] if found["made_elsewhere"] else _quality_lines(found)
        elif name == "doubts":
            lines.append(f"{name:10} {len(found['doubts'])}{_unchecked(found)}")
            lines += [f"  {row['flag']}: {row['id']}: {row['sentence']}" for row in found["doubts"]]
        elif name in ("skipped", "failures"):
            rows = found["skipped"] if name == "skipped" else found["failures"]
            lines.append(f"{name:10} {len(rows)}")
            lines += [f"  {row['id']}: {row['reason']}" for row in rows]
        elif name == "made_elsewhere":
            lines += [f"{'flow':10} made elsewhere; {value}"] if value else []
        elif name not in ("version", "unchecked"):
            lines.append(f"{name:10} {_shown(value)}{' px' if name == 'size' else ''}")
    return "\n".join(lines)


def _database_lines(dataset: str, counts: DatabaseSummary) -> list[str]:
    from raicl.data.database import edition
    from raicl.data.protocols.audit_table import correction_lines, protocol_lines

    total = clips_of_subjects(counts["clips"], counts["subjects"])
    details = [total, counts["layout"], edition(dataset, counts["sheet"])]
    lines = [f"{dataset:10} {', '.join(filter(None, details))}"]
    for name, protocol in counts["protocols"].items():
        lines += protocol_lines(name, protocol, dataset)
    return lines + correction_lines(counts["corrections"])


def _quality_lines(found: Summary) -> list[str]:
    from raicl.common.quality import UNITS

    if not found["quality"]:
        return ["quality    unknown: of an older raicl; raicl-prep with the same --out adds it"]
    lines = ["quality    median over the clips (least to greatest)"]
    for name, unit in UNITS.items():
        spread = found["quality"].get(name)
        if spread is None:
            lines.append(f"  {name:15} unknown")
            continue
        missing = found["clips"] - spread["known"]
        reach = f"({spread['least']:g} to {spread['greatest']:g})"
        unknown = f", unknown in {counted(missing, 'clip')}" if missing else ""
        lines.append(f"  {name:15} {spread['median']:g} {reach} {unit}{unknown}")
    return lines


def _unchecked(found: Summary) -> str:
    """How many clips nobody asked whether they are plausible, which is not that they are."""
    if not found["unchecked"]:
        return ""
    why = "made elsewhere" if found["made_elsewhere"] else "of an older raicl"
    return f"; {counted(found['unchecked'], 'clip')} {why} never looked at"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(part)}" for key, part in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(_shown(part) for part in value) or "none"
    return str(value)
