"""READ FIRST. Import: flow that was computed elsewhere → checked → an ordinary cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from raicl.common.cache.flows import lock_of, open_cache, read_index, shards_folder, write_index
from raicl.common.cache.manifest import PreparedDatabase, Provenance
from raicl.common.errors import ConflictError, InputError, UsageError
from raicl.common.files import sweep
from raicl.common.locking import lock
from raicl.common.provenance import git_state, versions
from raicl.common.settings import SettingValue
from raicl.common.terminal.progress import progress
from raicl.data.readers.flow_files import CLASSES, FlowFile, read_flow_files
from raicl.preprocess.importing.arrays import Kind
from raicl.preprocess.importing.files import CHANNELS, read_flow
from raicl.preprocess.importing.options import ImportOptions
from raicl.preprocess.importing.report import report
from raicl.preprocess.importing.store import Survey, making, measure_of, store
from raicl.preprocess.output import check_place

_PACKAGES = ("raicl", "numpy", "opencv-contrib-python", "h5py")


def run(
    root: Path | None,
    annotations: Path | None,
    out: Path,
    options: ImportOptions,
    *,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Read every file, and only then write the cache: a file that cannot be used leaves nothing.

    Raises
    ------
    UsageError : a wrong option, or `out` is inside `root`.
    InputError : see `read_flow_files` and `read_flow`; or the files are of several kinds or sizes.
    ConflictError : `out` exists and is another cache.
    """
    if root is None or annotations is None:
        raise UsageError(
            f"{'--root' if root is None else '--annotations'} is missing",
            fix="raicl-prep import --root DIR --annotations CSV --out flows.h5",
        )
    check_place(out)
    if out.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            "--out is inside --root, which is never written to",
            where=str(out),
            fix=f"choose a file outside {root}",
        )
    channels = _channels(options["channels"])
    names = CLASSES if options["classes"] is None else _listed(options["classes"])
    clips = read_flow_files(root, annotations, database=options["database"], classes=names)
    survey = look_at(clips, channels)
    measure = measure_of(survey, options["unit"], {clip.path.suffix.lower() for clip in clips})
    settings = making(survey.kind, measure, channels)
    if options["frame"] == "apex":
        _refuse_several(survey)
        settings |= {"sampling": "apex", "n_frames": 1}
    with lock(lock_of(out)):
        if not overwrite:
            _refuse_other(out, clips, settings)
        folder = shards_folder(out)
        folder.mkdir(exist_ok=True)
        sweep(folder)
        sweep(out.parent, out.name)
        records = []
        with progress(len(clips), "clips") as shown:
            for clip in clips:
                records.append(store(clip, folder, settings, survey.kind, channels))
                shown.advance(note=clip.id)
        write_index(
            out,
            records,
            size=survey.kind.side,
            settings=settings,
            provenance=_provenance(clips),
        )
    report(open_cache(out), clips, survey.kind, as_json=as_json)


def look_at(clips: Sequence[FlowFile], channels: Sequence[str]) -> Survey:
    """Read every file and check that all are of one kind.

    Raises
    ------
    InputError : a file cannot be used, or is of another kind or size than the first.
    """
    kind: Kind | None = None
    counts: dict[str, int] = {}
    signed = False
    with progress(len(clips), "looking at the flow") as shown:
        for clip in clips:
            read = read_flow(clip.path, channels)
            kind = kind or read.kind
            if read.kind != kind:
                raise InputError(
                    f"{clip.path.name} holds {read.kind}, {clips[0].path.name} {kind}",
                    where=str(clip.path),
                    fix="a cache holds flow of one kind and size: import the others by themselves",
                )
            counts[clip.id] = len(read.flow)
            signed = signed or bool((read.flow[:, :2] < 0).any())
            shown.advance(note=clip.id)
    assert kind is not None, "there is a clip"
    return Survey(kind, counts, signed)


def _channels(text: str | None) -> tuple[str, ...]:
    names = CHANNELS if text is None else _listed(text)
    if sorted(names) != sorted(CHANNELS):
        raise UsageError(
            f"--channels {text}", fix="order u, v and strain as red, green and blue hold them"
        )
    return names


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _refuse_several(survey: Survey) -> None:
    several = [name for name, count in survey.counts.items() if count > 1]
    if several:
        raise InputError(
            f"--frame apex, and {several[0]} has {survey.counts[several[0]]} flows",
            where=several[0],
            fix="leave --frame out: of several flows nobody knows which one shows the apex",
        )


def _refuse_other(
    out: Path, clips: Sequence[FlowFile], settings: Mapping[str, SettingValue]
) -> None:
    """Refuse to replace anything but a cache of the same clips, made alike."""
    if not out.exists():
        return
    try:
        existing = read_index(out)
        same = {record.id for record in existing.records} == {clip.id for clip in clips}
        if same and existing.settings == dict(settings):
            return
        what = "the output exists, with other clips or settings"
    except InputError as error:
        what = f"the output exists and is no cache: {error.what}"
    raise ConflictError(
        what, where=str(out), fix="choose another --out, or replace it with --overwrite"
    )


def _provenance(clips: Sequence[FlowFile]) -> Provenance:
    return Provenance(
        versions=versions(_PACKAGES),
        source=git_state(),
        databases=tuple(
            PreparedDatabase(name=name, layout="imported", sheet="", corrections=())
            for name in sorted({clip.dataset for clip in clips})
        ),
    )
