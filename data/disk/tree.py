"""Folders and frames on disk. They are only read, and links out of the database are refused."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.order import comparable, natural_key

_USUAL = (".jpg", ".jpeg", ".png", ".bmp")
_RARER = (".tif", ".tiff", ".webp")  # read where there is none of the usual kinds
PICTURES = (*_USUAL, *_RARER)
_UNREAD = (".gif", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".pgm", ".ppm", ".tga", ".dng")
_VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv")

_NUMBERS = re.compile(r"[0-9]+")
_WRITTEN = re.compile(r"([0-9]{1,18})(?:\.0+|,00?)?")  # 1, or 1.0 as spreadsheets save it


class Unusable(Exception):
    """Why one clip cannot be used; readers list it in `Database.skipped`."""


@dataclass(frozen=True)
class Listing:
    """The frames of one folder by number, and the reasons why other numbers have no usable file.

    `instead` says what a folder without frames holds, and what to do about it.
    """

    frames: dict[int, Path] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    instead: str = ""

    @property
    def registered(self) -> bool:
        """Whether the frames are the registered crops of CASME II and SMIC (``reg_...``)."""
        return any(path.name.casefold().startswith("reg") for path in self.frames.values())


def frame_number(name: str) -> int | None:
    """The last integer of a picture's stem (``reg_img46.jpg`` is 46); None for other files."""
    if name.startswith(".") or _suffix(name) not in PICTURES:
        return None
    numbers = _NUMBERS.findall(Path(name).stem)
    return int(numbers[-1]) if numbers else None


def subfolders(folder: Path) -> dict[str, Path]:
    """Folders directly below in natural order, with links to folders and without hidden ones."""
    found = {
        entry.name: folder / entry.name
        for entry in _scan(folder)
        if entry.is_dir(follow_symlinks=False)
        # os.path, because DirEntry raises on a link that leads to itself
        or (entry.is_symlink() and os.path.isdir(entry.path))  # noqa: PTH112
    }
    return {name: found[name] for name in sorted(found, key=natural_key)}


def inner_folders(folder: Path, root: Path, called: str) -> dict[str, Path]:
    """`subfolders` of a folder inside the database.

    Raises
    ------
    Unusable : the folder leads out of `root` or cannot be read. The reason names it as `called`.
    """
    if leaves(folder, root):
        raise Unusable(f"{called} is a link that leads out of the database")
    try:
        return subfolders(folder)
    except InputError as error:
        raise Unusable(f"{called} cannot be read: {error.what}") from error


def files(folder: Path, root: Path) -> tuple[Path, ...]:
    """Regular files directly below and inside `root`, in natural order, without hidden ones."""
    names = [entry.name for entry in _scan(folder) if _problem(entry, root) == ""]
    return tuple(folder / name for name in sorted(names, key=natural_key))


def leaves(path: Path, root: Path) -> bool:
    """Whether `path`, with links followed, is outside `root` (already resolved) or missing."""
    try:
        return not path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # broken, or a link that leads to itself
        return True


def list_frames(folder: Path, root: Path) -> Listing:
    """The pictures of a clip's folder by number, as listed on disk; no file name is guessed.

    Raises
    ------
    Unusable : the folder leads out of `root` or cannot be read.
    """
    if leaves(folder, root):
        raise Unusable("its folder is a link that leads out of the database")
    found: dict[int, str] = {}
    refused: dict[int, str] = {}
    try:
        entries = list(_scan(folder))
    except InputError as error:
        raise Unusable(f"its folder cannot be read: {error.what}") from error
    usual = any(_suffix(e.name) in _USUAL and frame_number(e.name) is not None for e in entries)
    for entry in sorted(entries, key=lambda entry: entry.name):
        if usual and _suffix(entry.name) in _RARER:
            continue
        number = frame_number(entry.name)
        if number is None or entry.is_dir(follow_symlinks=False):
            continue
        problem = _problem(entry, root)
        if problem:
            refused[number] = f"{entry.name} {problem}"
        elif number in found:
            refused[number] = f"{found[number]} and {entry.name} are both frame {number}"
        else:
            found[number] = entry.name
    frames = {n: folder / found[n] for n in sorted(found) if n not in refused}
    return Listing(frames, refused, "" if frames else _instead([e.name for e in entries]))


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _instead(names: Sequence[str]) -> str:
    """What a folder without frames holds, and what to do about it."""
    kinds = {_suffix(name) for name in names}
    unread = sorted(kinds & {*_UNREAD})
    if kinds & {*PICTURES}:
        return "its pictures have no number in their names: call them img1, img2 and so on"
    if unread:
        return f"{unread[0]} files are not read: save them as .png"
    if kinds & {*_VIDEOS}:
        return "a video must become frames first: ffmpeg -i VIDEO img%d.png"
    return ""


def match(name: str, present: Mapping[str, Path]) -> str | None:
    """The folder that a sheet means by `name`: equal, equal except for case, or the same number.

    The name is compared with those on disk and never joined to a path, so that no entry of a
    sheet can lead out of the database.

    Raises
    ------
    Unusable : two folders fit equally well.
    """
    if name in present:
        return name
    fitting = [other for other in present if comparable(other) == comparable(name)]
    number = _WRITTEN.fullmatch(name)
    if not fitting and number:
        fitting = [other for other in present if other.isdigit() and int(other) == int(number[1])]
    if len(fitting) > 1:
        raise Unusable(f"two folders fit its name: {fitting[0]} and {fitting[1]}")
    return fitting[0] if fitting else None


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (e for e in entries if not e.name.startswith((".", "__MACOSX")))
    except OSError as error:
        raise InputError(
            f"the folder cannot be read: {error.strerror}",
            where=str(folder),
            fix="check its permissions",
        ) from error


def _problem(entry: os.DirEntry[str], root: Path) -> str:
    """Why an entry is not a regular file of the database; empty if it is one."""
    if entry.is_symlink():
        if leaves(Path(entry.path), root):
            return "is a link that leads out of the database"
        return "" if stat.S_ISREG(entry.stat().st_mode) else "is not a regular file"
    return "" if entry.is_file(follow_symlinks=False) else "is not a regular file"
