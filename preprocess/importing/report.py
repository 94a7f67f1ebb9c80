"""Report: what `raicl-prep import` prints."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from raicl.common.cache.flows import Cache, shards_folder
from raicl.common.terminal import console
from raicl.common.terminal.wording import clips_of_subjects, counted, typed
from raicl.data.protocols.agreement import official_lines
from raicl.data.protocols.protocol import PROTOCOLS, load_protocol
from raicl.data.readers.flow_files import FlowFile, describe_databases
from raicl.preprocess.importing.arrays import Kind

_SMALL = range(28, 65)  # px, of the flow to one frame that stage 2 has the preset `small` for


def report(cache: Cache, clips: Sequence[FlowFile], kind: Kind, *, as_json: bool) -> None:
    """Print what was read, what is unknown, and the next command."""
    rows = [record.clip for record in cache.records]
    cde = load_protocol(PROTOCOLS[0])
    official = official_lines(cde, rows)
    if as_json:
        values = {
            "out": str(cache.path),
            "digest": cache.digest,
            "size": cache.size,
            "flow": str(cache.measure),
            "official_list": official,
            "clips": [{"id": clip.id, clip.labelled: clip.label} for clip in clips],
        }
        console.result(json.dumps(values, indent=2))
        return
    whole = clips_of_subjects(len(rows), len({clip.subject_key for clip in rows}))
    instances = sum(len(record.frames) for record in cache.records)
    console.result(
        f"{cache.path}: {whole}, {counted(instances, 'instance')} of {cache.size} px, "
        f"{cache.n_bytes / 1e6:.0f} MB in {shards_folder(cache.path)}"
    )
    console.result(f"databases: {describe_databases(clips)}")
    console.result(f"{_label_words(clips)}: {_counts(clip.label for clip in clips)}")
    strain = "given" if kind.strain else "computed"
    console.result(f"flow: {cache.measure}; strain {strain}; no onset faces, no frame numbers")
    for line in official:
        console.result(line)
    way = "" if cache.measure.zero else " --flip tensor"
    if cache.size in _SMALL and instances == len(cache.records):
        way = " --preset small"
    fitting = [name for name in PROTOCOLS if _labels_all(name, cache)]
    option = "" if not fitting or fitting[0] == PROTOCOLS[0] else f" --protocol {fitting[0]}"
    console.result(f"next: raicl-train {typed(cache.path)} --fold all{option}{way}")


def _label_words(clips: Sequence[FlowFile]) -> str:
    if clips[0].labelled == "emotion":
        return "emotions"
    coded = any(clip.coded for clip in clips)
    return "classes (numbers in the order of --classes)" if coded else "classes"


def _counts(labels: Iterable[str]) -> str:
    return ", ".join(f"{n} {label}" for label, n in sorted(Counter(labels).items()))


def _labels_all(protocol: str, cache: Cache) -> bool:
    loaded = load_protocol(protocol)
    return any(loaded.class_name(record.clip) for record in cache.records) and all(
        loaded.covers(record.clip.dataset) for record in cache.records
    )
