"""READ FIRST. The gallery of a cache: one file that holds a picture of every clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from raicl.common.cache.flows import Cache
from raicl.common.cache.record import ClipRecord
from raicl.common.crop import EYES
from raicl.common.files import write_atomic
from raicl.common.order import natural_key
from raicl.common.pages import licensed, policy_source, refuse_other
from raicl.common.templates import load_template
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.data.gallery.numbers import measures_of
from raicl.data.gallery.tiles import SIDE, Tile, tiles_of

Counts = dict[str, int]


def write_gallery(path: Path, cache: Cache) -> None:
    """Write the page. The same cache gives the same bytes.

    Raises
    ------
    SetupError : jinja2 or matplotlib is not installed.
    InputError : a shard is missing or damaged, or the folder of `path` cannot be written.
    ConflictError : `path` exists and is not a page.
    """
    refuse_other(path, "--gallery")
    package = "raicl.data.gallery"
    template = load_template(
        package, "gallery.html.jinja", needed_by="the gallery", filters={"class_key": class_key}
    )
    script = files(package).joinpath("gallery.js").read_text(encoding="utf-8")
    tiles = tiles_of(cache)
    clips = [record.clip for record in cache.records]
    text = template.render(
        name=cache.path.name,
        tiles=tiles,
        measures=measures_of(cache.measure),
        side=SIDE,
        subjects=_counts(clip.subject_key for clip in clips),
        emotions=_counts(clip.emotion for clip in clips),
        protocols=_protocols(tiles),
        flags=_counts(flag for clip in clips for flag in clip.flags),
        unmeasured=sum(record.quality is None and record.clip.numbered for record in cache.records),
        made_elsewhere="" if all(clip.numbered for clip in clips) else str(cache.measure),
        px=cache.measure.px,
        crop=cache.size,
        eyes=eye_places(cache.size) if _aligned(cache.records) else None,
        left_out={"failed": cache.manifest.failures, "skipped": cache.manifest.skipped},
        licensed=licensed(clip.dataset for clip in clips),
        digest=cache.digest,
        script=script,
        script_source=policy_source(script),
        research_only=RESEARCH_ONLY,
        version=version("raicl"),
    )
    write_atomic(path, text.encode(errors="replace"))


def eye_places(size: int) -> tuple[tuple[float, float], ...]:
    """Where alignment puts the two eyes in a picture of the crop, percent from left and top."""
    return tuple(
        (100 * (x * (size - 1) + 0.5) / size, 100 * (y * (size - 1) + 0.5) / size) for x, y in EYES
    )


def class_key(label: str, protocol: str = "") -> str:
    """The value by which the page filters a class of a protocol, or an annotated emotion."""
    return f"{protocol}={label}"


def _aligned(records: Sequence[ClipRecord]) -> bool:
    """Whether faces were looked for: with ``--align none`` no clip has a distance of its eyes."""
    return any(record.quality and record.quality.eye_distance for record in records)


def _protocols(tiles: Sequence[Tile]) -> dict[str, Counts]:
    names = dict.fromkeys(name for tile in tiles for name in tile.classes)
    return {
        name: _counts(tile.classes[name] for tile in tiles if name in tile.classes)
        for name in names
    }


def _counts(values: Iterable[str]) -> Counts:
    found = Counter(values)
    return {value: found[value] for value in sorted(found, key=natural_key)}
