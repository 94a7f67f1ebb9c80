"""Commands about a cache: what is in it, and how to make one file of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raicl.common import console
from raicl.common.errors import ConflictError, UsageError

if TYPE_CHECKING:  # h5py and numpy load when a cache is opened, not for --help
    from raicl.common.flows import Cache


def inspect(
    flows: Annotated[Path, typer.Argument(help="A cache written by raicl-prep.")],
    clip: Annotated[str | None, typer.Option(help="Draw this clip, by its id.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The picture to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a cache holds; with --clip ID --out FILE.png, draw one clip's instances."""
    from raicl.common.flows import open_cache

    cache = open_cache(flows)
    if clip is not None:
        if out is None:
            raise UsageError("--clip needs --out", fix=f"--clip {clip} --out clip.png")
        from raicl.common.pictures import draw_clip

        draw_clip(cache, clip, out)
        console.result(str(out))
        return
    found = summary(cache)
    console.result(json.dumps(found, indent=2) if as_json else _table(found))


def summary(cache: Cache) -> dict[str, object]:
    """Counts, flags, settings and versions of a cache, as plain values."""
    clips = [record.clip for record in cache.records]
    return {
        "path": str(cache.path),
        "packed": cache.packed,
        "digest": cache.digest,
        "clips": len(clips),
        "subjects": len({clip.subject_key for clip in clips}),
        "instances": sum(len(record.frames) for record in cache.records),
        "untrained": sum(len(record.untrained) for record in cache.records),
        "size": cache.size,
        "emotions": dict(sorted(Counter(clip.emotion for clip in clips).items())),
        "flags": dict(sorted(Counter(flag for clip in clips for flag in clip.flags).items())),
        "skipped": cache.skipped,
        "failures": cache.failures,
        "settings": cache.settings,
        "provenance": cache.provenance,
    }


def _table(found: dict[str, object]) -> str:
    lines = []
    for name, value in found.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key} {count}" for key, count in value.items()) or "none"
        elif isinstance(value, list):
            rows = [f"\n  {row['id']}: {row['reason']}" for row in value]
            value = f"{len(value)}" + "".join(rows)
        lines.append(f"{name:10} {value}")
    return "\n".join(lines)


def pack(
    flows: Annotated[Path, typer.Argument(help="A cache written by raicl-prep.")],
    out: Annotated[Path, typer.Argument(help="The self-contained file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Put a cache and its shards into one file that every reader takes as it is."""
    from raicl.common.flows import open_cache
    from raicl.common.flows import pack as write_packed

    cache = open_cache(flows)
    if out.exists() and (not overwrite or out.resolve() == flows.resolve()):
        raise ConflictError(
            "the output exists", where=str(out), fix="choose another OUT, or use --overwrite"
        )
    write_packed(cache, out)
    console.result(f"{out}: {len(cache.records)} clips, {out.stat().st_size / 1e6:.0f} MB")
