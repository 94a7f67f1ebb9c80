"""Source: read and audit the database that the command line names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from raicl.common.errors import InputError, UsageError
from raicl.common.terminal import console

if TYPE_CHECKING:  # the readers load numpy, which would slow down --help
    from raicl.data.protocols.audit import Audit, CompositeAudit
    from raicl.data.records import Database


@contextmanager
def open_source(
    dataset: str,
    *,
    root: Path | None,
    roots: Mapping[str, Path | None],
    annotations: Path | None,
    correct: bool,
    variant: str | None,
    seed: int,
) -> Iterator[Database]:
    """Yield the database, or several as one. ``synthetic`` is written to a temporary folder.

    Parameters
    ----------
    root : folder of a single database.
    roots : folders of the members of a composite.
    annotations : sheet of a single database.
    variant : variant of a single database.

    Raises
    ------
    UsageError : an option does not belong to `dataset`.
    InputError : the database is missing or unusable.
    """
    from raicl.data.database import find_reader, read_database
    from raicl.data.parts import COMPOSITES, read_composite

    if dataset in COMPOSITES:
        single = {"--root": root, "--annotations": annotations, "--variant": variant}
        _refuse_single(dataset, COMPOSITES[dataset], single)
        yield read_composite(dataset, roots, correct=correct)
        return
    _refuse_members(dataset, roots)
    find_reader(dataset, variant)  # before anything is searched or written
    if dataset != "synthetic" or root is not None:
        yield read_database(
            dataset, root=root, annotations=annotations, correct=correct, variant=variant
        )
        return
    from raicl.data.synthetic.database import make_database

    with TemporaryDirectory(prefix="raicl-synthetic-") as folder:
        console.say("writing the synthetic database into a temporary folder")
        make_database(Path(folder), seed=seed)
        yield read_database(dataset, root=Path(folder), correct=correct)


def refuse_input(out: Path, given: Mapping[str, Path | None]) -> None:
    """Refuse to write the cache over an input file, even with ``--overwrite``.

    Parameters
    ----------
    given : input files by option.

    Raises
    ------
    UsageError : `out` is one of `given`.
    """
    for option, path in given.items():
        if path is not None and path.resolve() == out.resolve():
            raise UsageError(
                f"--out and {option} name the same file",
                where=str(out),
                fix="choose another --out, e.g. flows.h5",
            )


def audit_source(database: Database, *, part: bool) -> Audit | CompositeAudit:
    """The audit of one database, or of several databases and all of them together."""
    from raicl.data.protocols.audit import audit, audit_composite

    make = audit_composite if database.members else audit
    return make(database, part=part)


def refuse_contradictions(database: Database, found: Audit | CompositeAudit) -> None:
    """For ``--strict``: refuse a database that does not give the published counts.

    Raises
    ------
    InputError : a count differs. The audit that was printed before shows each number.
    """
    from raicl.data.protocols.audit import contradictions

    differing = contradictions(found)
    if differing:
        raise InputError(
            f"not the published clips: {', '.join(differing)}",
            where=", ".join(str(part.root) for part in database.parts),
            fix="complete the database, or run without --strict",
        )


def _refuse_single(dataset: str, members: tuple[str, ...], given: Mapping[str, object]) -> None:
    option = next((name for name, value in given.items() if value is not None), None)
    if option is not None:
        raise UsageError(
            f"{option} belongs to a single database, {dataset} is {', '.join(members)}",
            fix="use " + " ".join(f"--root-{member} DIR" for member in members)
            if option == "--root"
            else "prepare each one separately; raicl-train takes several caches",
        )


def _refuse_members(dataset: str, roots: Mapping[str, Path | None]) -> None:
    member = next((name for name, path in roots.items() if path is not None), None)
    if member is not None:
        raise UsageError(f"--root-{member} belongs to cde", fix=f"{dataset} takes --root DIR")
