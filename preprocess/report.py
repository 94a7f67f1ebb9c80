"""Report: what `raicl-prep` prints of its clips, and of own videos."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from raicl.common.cache.flows import Cache, open_cache, shards_folder
from raicl.common.errors import PartialError
from raicl.common.implausible import list_doubts
from raicl.common.share import Share
from raicl.common.terminal import console
from raicl.common.terminal.wording import counted, typed
from raicl.common.video import DATASET, VideoInput, Videos, videos_file
from raicl.data.protocols.protocol import OWN, PROTOCOLS, fitting_protocols
from raicl.preprocess.prepare import STATUSES, ClipResult

_SHOWN = 10  # doubts about clips that are named


def report(rows: Sequence[ClipResult], out: Path, *, as_json: bool) -> None:
    """Print what became of each clip, what the cache holds, and the next command."""
    cache = open_cache(out)
    if as_json:
        values = {
            "out": str(out),
            "digest": cache.digest,
            "clips": _table(rows),
            "doubts": list_doubts(cache.records, cache.size),
        }
        console.result(json.dumps(values, indent=2))
        return
    _say_reasons(rows)
    flags = Counter(flag for record in cache.records for flag in record.clip.flags)
    console.result(
        f"{out}: {counted(len(cache.records), 'clip')} "
        f"({_statuses(rows)}), "
        f"{counted(sum(len(record.frames) for record in cache.records), 'instance')}, "
        f"{cache.n_bytes / 1e6:.0f} MB in {shards_folder(out)}, {_seconds(rows):.0f} s of work"
    )
    if flags:
        console.result("flags: " + ", ".join(f"{n}x {flag}" for flag, n in sorted(flags.items())))
    _say_doubts(cache)
    console.result(f"next: {_next_command(cache)}")


def report_share(rows: Sequence[ClipResult], out: Path, share: Share, *, as_json: bool) -> None:
    """Print what became of each clip of a share, and how the shares become a cache."""
    if as_json:
        values = {"out": str(out), "digest": None, "shard": str(share), "clips": _table(rows)}
        console.result(json.dumps(values, indent=2))
        return
    _say_reasons(rows)
    console.result(
        f"{shards_folder(out)}, part {share}: {counted(len(rows), 'clip')} ({_statuses(rows)}), "
        f"{_seconds(rows):.0f} s of work"
    )
    console.result("next: after all parts, the same command without --shard")


def report_videos(videos: Videos, rows: Sequence[ClipResult], out: Path, *, as_json: bool) -> None:
    """Print what was found in each input, and then as `report`, if there are clips."""
    if as_json and not rows:
        console.result(json.dumps({"out": None, "digest": None, "clips": []}, indent=2))
    if not as_json:
        for one in videos.inputs:
            console.result("\n".join(_lines(one)))
        if any(one.searched for one in videos.inputs):
            console.result(videos.note)
        console.result(f"list: {videos_file(out)}")
    if rows:
        report(rows, out, as_json=as_json)


def check_failures(rows: Sequence[ClipResult], most: int) -> None:
    """Refuse more failed clips than were tolerated.

    Raises
    ------
    PartialError : the cache holds the others.
    """
    failed = [row for row in rows if row.status == "failed"]
    if len(failed) > most:
        raise PartialError(
            f"{len(failed)} of {len(rows)} clips failed; the cache holds the others",
            where=failed[0].id + ": " + failed[0].reason,
            fix="repair the clips and run the same command again, or use --max-failures",
        )


def _table(rows: Sequence[ClipResult]) -> list[dict[str, str]]:
    return [{"id": row.id, "status": row.status, "reason": row.reason} for row in rows]


def _say_reasons(rows: Sequence[ClipResult]) -> None:
    for row in rows:
        if row.reason:
            console.say(f"{row.status:7} {row.id}  {row.reason}")


def _say_doubts(cache: Cache) -> None:
    """The first of the implausible clips, each with its numbers. None of them is dropped."""
    doubts = list_doubts(cache.records, cache.size)
    for row in doubts[:_SHOWN]:
        console.result(f"{row['flag']}: {row['id']}: {row['sentence']}")
    if doubts[_SHOWN:]:
        more = f"{len(doubts) - _SHOWN} more; raicl inspect {typed(cache.path)} names all"
        console.result(f"doubts: {more}")


def _statuses(rows: Sequence[ClipResult]) -> str:
    counts = Counter(row.status for row in rows)
    shown = (s for s in STATUSES if counts[s] or s not in ("reused", "skipped"))
    return ", ".join(f"{counts[status]} {status}" for status in shown)


def _seconds(rows: Sequence[ClipResult]) -> float:
    return sum(row.seconds for row in rows)


def _lines(one: VideoInput) -> list[str]:
    """An input and its intervals."""
    width, height = one.size
    rate = f"{one.fps:.4g} fps" + (" (variable)" if one.variable_rate else "")
    faces = counted(one.faces, "face") + (f", number {one.face} is used" if one.faces > 1 else "")
    lines = [f"{one.path}: {one.n_frames} frames, {rate}, {width}x{height} px, {faces}"]
    if one.nothing_moved:
        lines.append("  nothing moved")
    for interval in one.intervals:
        score = "" if interval.score is None else f", {interval.score:.1f} times the noise floor"
        lines.append(
            f"  {interval.how} {interval.clip}: frames {interval.onset} to {interval.offset}, "
            f"{interval.onset_s:.2f} to {interval.offset_s:.2f} s{score}"
        )
    return lines


def _next_command(cache: Cache) -> str:
    datasets = {record.clip.dataset for record in cache.records}
    if datasets == {DATASET}:
        return f"raicl predict MODEL {typed(cache.path)}"
    first = next(iter(fitting_protocols(datasets)), OWN)
    option = "" if first == PROTOCOLS[0] else f" --protocol {first}"
    return f"raicl-train {typed(cache.path)} --fold all{option}"
