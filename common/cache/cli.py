"""Commands on a cache: verify it, take out what is damaged, and pack it into one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from raicl.common.errors import ConflictError, InputError, PartialError
from raicl.common.terminal import console
from raicl.common.terminal.wording import counted, typed


def validate(
    flows: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A cache written by raicl-prep, or the folder of a run or of a model.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify every digest of a cache, a run or a model, and name what is damaged or missing."""
    from raicl.common.folders import validate_folder

    if flows.is_dir() and validate_folder(flows, as_json=as_json):
        return
    from raicl.common.cache.validation import remedy, survey

    found = survey(flows)
    cache, faults, damage = found.cache, found.faults, found.damage
    whole = len(cache.records) - len(faults)
    if as_json:
        rows = [{"id": fault.id, "reason": fault.reason, "where": fault.where} for fault in faults]
        values = {"path": str(flows), "packed": cache.packed, "digest": cache.digest}
        values |= {"whole": whole, "bad": rows, "damage": damage.what if damage else None}
        console.result(json.dumps(values, indent=2))
    else:
        for fault in faults:
            console.result(f"bad  {fault.id}: {fault.reason} ({fault.where})")
        console.result(f"{flows}: {whole} of {len(cache.records)} clips are whole")
    if faults:
        raise InputError(
            f"{len(faults)} of {len(cache.records)} clips are bad, first {faults[0].id}",
            where=faults[0].where,
            fix=remedy(cache),
        )
    if damage is not None:
        fix = f"all clips are whole: raicl repair {typed(flows)} writes the file again"
        raise InputError(damage.what, where=str(flows), fix=fix)


def repair(
    flows: Annotated[Path, typer.Argument(help="A cache written by raicl-prep.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Take out of a cache what is damaged, and say what must be computed again.

    What is whole is not touched. A packed cache is written anew without its damaged clips.
    """
    from raicl.common.cache.repair import repair as mend

    done = mend(flows)
    if as_json:
        rows = [{"id": fault.id, "reason": fault.reason} for fault in done.dropped]
        values = {"path": str(flows), "kept": done.kept, "dropped": rows}
        values |= {"removed": list(map(str, done.removed)), "rewritten": done.rewritten}
        console.result(json.dumps(values, indent=2))
    else:
        for fault in done.dropped:
            console.result(f"taken out  {fault.id}: {fault.reason}")
        for path in done.removed:
            console.result(f"removed    {path}")
        changed = "" if done.changed else ", nothing was changed"
        console.result(f"{flows}: {counted(done.kept, 'clip')} whole{changed}")
    if done.dropped:
        raise PartialError(
            f"{counted(len(done.dropped), 'clip')} must be computed again, "
            f"first {done.dropped[0].id}",
            where=str(flows),
            fix=done.again,
        )


def pack(
    flows: Annotated[Path, typer.Argument(help="A cache written by raicl-prep.")],
    out: Annotated[Path, typer.Argument(help="The self-contained file to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Copy a cache and its shards into one file, which every command reads like the original."""
    from raicl.common.cache.flows import open_cache
    from raicl.common.cache.packing import pack as write_packed

    cache = open_cache(flows)
    if out.exists() and (not overwrite or out.resolve() == flows.resolve()):
        raise ConflictError(
            "the output exists", where=str(out), fix="choose another OUT, or use --overwrite"
        )
    write_packed(cache, out)
    console.result(
        f"{out}: {counted(len(cache.records), 'clip')}, {out.stat().st_size / 1e6:.0f} MB"
    )
