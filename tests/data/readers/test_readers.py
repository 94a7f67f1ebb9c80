"""What every reader must do, on a miniature of every database."""

import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import InputError
from raicl.data.database import DATABASES
from raicl.data.records import Database
from tests.data.bombs import ENCRYPTED, OLD_XLS, SHEET_XML, entity_bomb, zip_bomb
from tests.data.conftest import PICTURE, read_only, snapshot
from tests.data.trees import SAMPLES, Sample

WITH_SHEET = sorted(name for name, sample in SAMPLES.items() if sample.sheet)
NESTED = sorted(name for name, sample in SAMPLES.items() if sample.dataset != "folder")


@pytest.fixture(params=sorted(SAMPLES))
def sample(request: pytest.FixtureRequest) -> Sample:
    return SAMPLES[request.param]


@pytest.fixture
def root(sample: Sample, tmp_path: Path) -> Path:
    return sample.write(tmp_path / "database")


with_sheet = pytest.mark.parametrize("sample", WITH_SHEET, indirect=True)
nested = pytest.mark.parametrize("sample", NESTED, indirect=True)
# clips lie below their subject's folder
BY_SUBJECT = sorted(name for name, sample in SAMPLES.items() if sample.by_subject)


def ids(database: Database) -> list[str]:
    return [item.clip.id for item in database.footage]


def reasons(database: Database) -> dict[str, str]:
    return {skipped.id: skipped.reason for skipped in database.skipped}


def refused(sample: Sample, root: Path, reason: str, **options: Any) -> InputError:
    """The error of a reading, which must be of exit code 3, in one line, with a remedy."""
    with pytest.raises(InputError, match=reason) as caught:
        sample.read(root, **options)
    error = caught.value
    assert error.exit_code == 3
    assert error.where
    assert error.fix
    assert all(text.isprintable() for text in (error.what, error.where, error.fix))
    return error


def test_every_database_has_a_miniature() -> None:
    read = {sample.dataset for sample in SAMPLES.values()}
    # synthetic is read as casme2 is; the workbook of casme_sq has no header (see its own test)
    assert read == set(DATABASES) - {"synthetic", "casme_sq"}


def test_every_row_becomes_a_clip_with_its_frames_in_order(sample: Sample, root: Path) -> None:
    database = sample.read(root)
    assert ids(database) == sample.ids
    assert (database.name, database.root, database.skipped) == (sample.dataset, root, ())
    for item in database.footage:
        folder, numbers = sample.clips[item.clip.id]
        inside = range(item.clip.onset, item.clip.offset + 1)
        assert set(inside) <= set(numbers)
        assert [frame.number for frame in item.frames] == list(inside)
        assert [frame.path for frame in item.frames] == [
            root / sample.tree / folder / sample.name.format(n, clip=Path(folder).name)
            for n in inside
        ]


# --- where the database lies


@nested
@pytest.mark.promise("input 3")
def test_the_root_may_be_given_at_any_level(sample: Sample, root: Path) -> None:
    expected = sample.read(root).footage
    levels = [root / Path(*sample.tree.parts[:n]) for n in range(len(sample.tree.parts) + 1)]
    for level in [root.parent, *levels]:
        assert sample.read(level).footage == expected


@pytest.mark.parametrize("sample", sorted({*NESTED} & {*BY_SUBJECT}), indirect=True)
@pytest.mark.promise("input 3")
def test_a_root_inside_the_database_is_told_where_to_point(sample: Sample, root: Path) -> None:
    clip = sample.folder(root)
    inside = [clip, *clip.parents][: len(clip.relative_to(root / sample.tree).parts)]
    assert len(inside) >= 2
    for folder in inside:
        error = refused(sample, folder, "inside the database")
        assert error.fix == f"point higher up: --root {root / sample.tree}"


@pytest.mark.promise("input 1", "input 2")
def test_a_missing_empty_or_other_root_is_refused(sample: Sample, tmp_path: Path) -> None:
    refused(sample, tmp_path / "none", "--root does not exist")
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "img1.jpg").write_bytes(PICTURE)
    (tmp_path / "empty").mkdir()
    for name in ("holiday", "empty"):
        refused(sample, tmp_path / name, r"no subject's folders|no \.csv|sheet is missing")


@pytest.mark.parametrize("suffix", [".zip", ".rar", ".7z", ".tar", ".gz"])
@pytest.mark.promise("input 4")
def test_an_archive_instead_of_a_folder_is_told_to_be_unpacked(
    sample: Sample, tmp_path: Path, suffix: str
) -> None:
    archive = tmp_path / f"database{suffix}"
    archive.write_bytes(b"PK")
    assert "unpack" in refused(sample, archive, "names a file, not a folder").fix


@nested
def test_folders_are_matched_whatever_their_case(sample: Sample, root: Path) -> None:
    expected = sample.read(root)
    for folder in sorted(root.rglob("*"), reverse=True):
        if folder.is_dir():
            folder.rename(folder.with_name(folder.name.swapcase()))
    found = sample.read(root)
    assert ids(found) == ids(expected)
    assert found.skipped == ()


def test_a_root_that_is_itself_a_link_is_read(sample: Sample, root: Path) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    assert sample.read(link) == sample.read(root)


@pytest.mark.promise("input 41")
def test_paths_may_be_long_and_in_any_script(sample: Sample, tmp_path: Path) -> None:
    deep = tmp_path / "資料 Ünïcôdé; $(x) 'q\""
    for _ in range(8):
        deep /= "y" * 200
    root = sample.write(deep)
    assert ids(sample.read(root)) == sample.ids


# --- the sheet


@with_sheet
@pytest.mark.promise("input 5")
def test_a_missing_sheet_is_an_error_that_says_where_it_was_looked_for(
    sample: Sample, root: Path
) -> None:
    (root / sample.sheet).unlink()
    error = refused(sample, root, r"the sheet is missing|no \.csv")
    assert str(root) in error.where
    assert "--annotations" in error.fix


@pytest.mark.parametrize("sample", sorted({*WITH_SHEET} - {"folder"}), indirect=True)
@pytest.mark.promise("input 7")
def test_an_old_xls_alone_is_told_to_be_converted(
    sample: Sample, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlrd", None)  # as if it were not installed
    (root / sample.sheet).rename((root / sample.sheet).with_suffix(".xls"))
    assert ".xlsx" in refused(sample, root, r"old \.xls format").fix


@with_sheet
@pytest.mark.promise("input 6")
def test_two_sheets_that_differ_are_ambiguous_unless_one_is_named(
    sample: Sample, root: Path
) -> None:
    first = root / sample.sheet
    second = first.with_stem(first.stem + "_edited")
    content = first.read_bytes()
    sample.write_sheet(root, sample.lines[:-1])
    first.rename(second)
    first.write_bytes(content)
    error = refused(sample, root, "2 candidates")
    assert first.name in error.what
    assert second.name in error.what
    assert "--annotations" in error.fix
    assert ids(sample.read(root, annotations=first)) == sample.ids


@pytest.mark.parametrize("sample", sorted({*WITH_SHEET} - {"folder"}), indirect=True)
def test_a_copy_of_the_sheet_and_what_an_open_program_leaves_are_no_candidates(
    sample: Sample, root: Path
) -> None:
    content = (root / sample.sheet).read_bytes()
    (root / sample.tree / Path(sample.sheet).name).write_bytes(content)
    (root / f"~${Path(sample.sheet).name}").write_bytes(b"lock")
    (root / f"._{Path(sample.sheet).name}").write_bytes(b"fork")
    os.mkfifo(root / f"pipe-{Path(sample.sheet).name}")
    (root.parent / "unrelated.xlsx").write_bytes(b"no workbook")
    assert ids(sample.read(root)) == sample.ids


@with_sheet
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: b"", "not an .xlsx file"),
        (lambda: b"PK\x03\x04" + bytes(100), "not an .xlsx file"),
        (lambda: OLD_XLS, r"old \.xls format"),
        (lambda: ENCRYPTED, "password-protected"),
        (zip_bomb, "expands from"),
        (lambda: entity_bomb(SHEET_XML), "XML entities"),
    ],
)
@pytest.mark.promise("input 7", "input 8", "input 9")
def test_a_sheet_that_is_none_is_refused(
    sample: Sample, root: Path, content: Callable[[], bytes], reason: str
) -> None:
    sheet = root / "named.xlsx"
    sheet.write_bytes(content())
    assert str(sheet) in refused(sample, root, reason, annotations=sheet).where


@with_sheet
@pytest.mark.parametrize("kind", ["none", "folder", "pipe"])
def test_a_named_sheet_that_is_no_file_is_refused(sample: Sample, root: Path, kind: str) -> None:
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    refused(sample, root, "does not exist|not a file", annotations=root / kind)


def required(sample: Sample) -> list[str]:
    # SMIC-E's offset is a column, but its emotion is in the names
    return [c for c in sample.columns if c != "fps" and (c, sample.dataset) != ("apex", "folder")]


@with_sheet
@pytest.mark.promise("input 11")
def test_a_renamed_or_missing_column_is_named(sample: Sample, root: Path) -> None:
    for column in required(sample):
        place = sample.place(column)
        for word in ("Spalte\nzwei", None):
            lines = [list(line) for line in sample.lines]
            lines[sample.header][place] = word
            sample.write_sheet(root, lines)
            error = refused(sample, root, "no header with the column")
            assert repr(sample.columns[column]) in error.what


@with_sheet
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.promise("input 12", "input 13", "input 19")
def test_a_sheet_is_read_through_the_words_of_its_header_alone(
    sample: Sample, root: Path, seed: int
) -> None:
    """Neither order nor case nor blank columns nor the cells' types change anything."""
    expected = sample.read(root).footage
    generator = random.Random(seed)
    width = max(map(len, sample.lines))
    order = [*range(width), *[None] * 3]
    generator.shuffle(order)
    numbers = {sample.place(c) for c in ("onset", "apex", "offset") if c in sample.columns}

    def rewritten(column: int | None, line: list[Any], index: int) -> Any:
        value = line[column] if column is not None and column < len(line) else None
        if index == sample.header and value is not None:
            styles = [str.upper, str.lower, str.title, " {} ".format]
            return generator.choice(styles)(value)
        if column in numbers and isinstance(value, int):
            return generator.choice([int, float, str, lambda v: f" {v}.0 "])(value)
        if index > sample.header and column == sample.place("subject") and str(value).isdigit():
            return generator.choice([int, float, str, lambda v: f" {v} "])(value)
        return value

    lines = [
        [rewritten(column, list(line), index) for column in order]
        for index, line in enumerate(sample.lines)
    ]
    above, data = lines[: sample.header + 1], lines[sample.header + 1 :]
    generator.shuffle(data)
    header = generator.randrange(len(above))
    sample.write_sheet(root, [*above[header:], *data] if sample.header else [*above, *data])
    assert sample.read(root).footage == expected


@with_sheet
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"onset": "5.5"}, "its onset '5.5' is not a frame number"),
        ({"onset": date(2014, 5, 8)}, "its onset '2014-05-08"),
        ({"onset": "=1+1"}, "no onset|is not a frame number"),  # a formula of unknown value
        ({"onset": None}, "no onset"),
        ({"onset": -1}, "its onset '-1' is not a frame number"),
        ({"onset": "9" * 5000}, "is not a frame number"),
        ({"onset": 10**9}, "is not before its offset|onset frame 1000000000 is not on disk"),
        ({"onset": 7, "offset": 7}, "its onset 7 is not before its offset 7"),
        ({"offset": 0}, "is not before its offset 0"),
        ({"onset": 0, "offset": 10**9}, "its onset frame 0 is not on disk, where frames"),
        ({"clip": "EP99"}, "its row has no folder on disk"),
        ({"clip": None}, "row [0-9]+ has no file name"),
        ({"subject": "nobody"}, "'nobody' is no subject's number|its subject has no folder"),
        ({"subject": "77"}, "its subject has no folder on disk"),
        ({"subject": "../.."}, "'../..' is no subject's number|its subject has no folder"),
        ({"subject": "sub\u202e01"}, "no subject's number|no folder"),
    ],
)
@pytest.mark.promise("input 16", "input 17", "input 18", "input 20", "input 22", "input 42")
def test_an_unusable_row_costs_its_clip_and_is_listed(
    sample: Sample, root: Path, changes: dict[str, Any], reason: str
) -> None:
    if "subject" in changes and sample.dataset == "dfme":
        pytest.skip("only the sheet names its subjects")
    if "onset" in changes and SAMPLES["casme3-cut"] is sample:
        reason = "its row has no folder on disk"  # which is called by the onset
    sample.change(root, 0, **changes)
    database = sample.read(root)
    assert ids(database) == sample.ids[1:]
    (skipped,) = (s for s in database.skipped if "without a row" not in s.reason)
    assert skipped.id.isprintable()
    assert not skipped.id.endswith("/")  # a cell without a name is "?"
    assert re.search(reason, skipped.reason), skipped.reason


@with_sheet
@pytest.mark.promise("input 21")
def test_an_equal_row_of_a_clip_is_listed_and_used_once(sample: Sample, root: Path) -> None:
    expected = sample.read(root).footage
    first = list(sample.lines[sample.header + 1])
    first[sample.place("clip")] = first[sample.place("clip")].swapcase()
    sample.write_sheet(root, [*sample.lines, first])
    database = sample.read(root)
    assert database.footage == expected
    (reason,) = reasons(database).values()
    assert reason == f"row {len(sample.lines) + 1} repeats row {sample.header + 2}"


@with_sheet
@pytest.mark.parametrize("column", ["emotion", "apex", "offset"])
@pytest.mark.promise("input 21")
def test_rows_of_one_clip_that_disagree_are_told_as_one_conflict_and_none_is_used(
    sample: Sample, root: Path, column: str
) -> None:
    if column not in sample.columns:
        pytest.skip("this sheet does not say it")
    other = list(sample.lines[sample.header + 1])
    said = {"emotion": "fear", "apex": int(other[sample.place("onset")] or 0) + 1, "offset": "9999"}
    other[sample.place(column)] = said[column]
    sample.write_sheet(root, [*sample.lines, other])
    database = sample.read(root)
    assert ids(database) == sample.ids[1:]
    (skipped,) = database.skipped
    assert skipped.id == sample.ids[0]
    rows = f"rows {sample.header + 2} and {len(sample.lines) + 1} disagree: {column} "
    assert skipped.reason.startswith(rows)
    assert f" and {str(said[column])!r}; delete the wrong one" in skipped.reason


@with_sheet
@pytest.mark.parametrize(
    "name",
    [
        *["../../etc/passwd", "..", ".", "/etc", "/etc/passwd", "C:\\Windows", "\\\\host\\share"],
        *["EP01_2/..", "~", "file:///etc", "*", "[0-9]*"],
    ],
)
@pytest.mark.promise("input 42")
def test_names_that_lead_elsewhere_match_no_folder(sample: Sample, root: Path, name: str) -> None:
    sample.change(root, 0, clip=name)
    database = sample.read(root)
    assert ids(database) == sample.ids[1:]
    reason = {s.reason for s in database.skipped if s.id.split("@")[0].endswith(f"/{name}")}
    assert reason == {"its row has no folder on disk"}
    for item in database.footage:
        assert all(frame.path.resolve().is_relative_to(root) for frame in item.frames)


@with_sheet
@pytest.mark.promise("input 42")
def test_a_name_with_a_nul_matches_no_folder(sample: Sample, root: Path) -> None:
    line = [list(line) for line in sample.lines[sample.header :]]
    line[1][sample.place("clip")] += "\0"
    sheet = root / "named.csv"
    sheet.write_text("\n".join(",".join("" if c is None else str(c) for c in row) for row in line))
    database = sample.read(root, annotations=sheet)
    assert sample.ids[0] not in ids(database)
    assert all(skipped.id.isprintable() for skipped in database.skipped)
    assert "its row has no folder on disk" in reasons(database).values()


# --- the folders and frames


@pytest.mark.parametrize(
    "sample",
    # of whole videos most show nothing, and elsewhere a folder of another name is no clip's
    [name for name in WITH_SHEET if name in BY_SUBJECT and not SAMPLES[name].video],
    indirect=True,
)
@pytest.mark.promise("input 22", "input 23")
def test_rows_without_a_folder_and_folders_without_a_row_are_listed(
    sample: Sample, root: Path
) -> None:
    folder = sample.folder(root)
    folder.rename(folder.with_name(folder.name + "_old"))
    database = sample.read(root)
    assert ids(database) == sample.ids[1:]
    assert sorted(reasons(database).values()) == [
        "folder without a row in the sheet",
        "its row has no folder on disk",
    ]


@pytest.mark.promise("input 29")
def test_strays_of_operating_systems_are_no_frames(sample: Sample, root: Path) -> None:
    expected = sample.read(root)
    for folder in [root, *(p for p in root.rglob("*") if p.is_dir())]:
        (folder / "Thumbs.db").write_bytes(b"thumbs")
        (folder / ".DS_Store").write_bytes(b"store")
        (folder / "li2013.pdf").write_bytes(b"%PDF")
    first = sample.frames(root)[0]
    first.with_name("._" + first.name).write_bytes(b"fork")
    first.with_name("notes 9999.txt").write_bytes(b"text")
    (root / "__MACOSX" / sample.tree).mkdir(parents=True)
    assert sample.read(root) == expected


@pytest.mark.promise("input 28", "input 29")
def test_pictures_of_other_kinds_and_widths_count_as_frames(sample: Sample, root: Path) -> None:
    expected = sample.read(root).footage[0]
    kinds = [".JPG", ".jpeg", ".png", ".bmp"]
    for number, frame in zip(expected.frames, range(len(expected.frames)), strict=True):
        name = f"take2_{number.number:09d}{kinds[frame % 4]}"
        number.path.rename(number.path.with_name(name))
    found = sample.read(root).footage[0]
    assert found.clip == expected.clip
    assert [f.number for f in found.frames] == [f.number for f in expected.frames]


def test_two_pictures_of_one_number_are_not_chosen_between(sample: Sample, root: Path) -> None:
    frame = sample.read(root).footage[0].frames[2].path
    number = sample.read(root).footage[0].frames[2].number
    frame.with_name(f"second_{number}.jpeg").write_bytes(PICTURE)
    database = sample.read(root)
    assert ids(database) == sample.ids[1:]
    assert f"are both frame {number}" in reasons(database)[sample.ids[0]]


@pytest.mark.promise("input 27")
def test_missing_frames_in_between_are_flagged(sample: Sample, root: Path) -> None:
    whole = sample.read(root).footage[0]
    whole.frames[2].path.unlink()
    found = sample.read(root).footage[0]
    assert found.clip.flags == (*whole.clip.flags, "frame-gap")
    assert found.frames == (*whole.frames[:2], *whole.frames[3:])


def test_an_empty_clip_folder_is_listed(sample: Sample, root: Path) -> None:
    for frame in sample.frames(root):
        frame.unlink()
    database = sample.read(root)
    assert ids(database) == sample.ids[1:]
    assert reasons(database) == {sample.ids[0]: "its folder holds no frame"}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.jpg").write_bytes(PICTURE)
    return folder


def move(folder: Path, outside: Path) -> None:
    """Put a folder or file outside and a link in its place."""
    folder.rename(outside / folder.name)
    folder.symlink_to(outside / folder.name)


class Watch:
    """The files opened and folders listed while it is on, links resolved."""

    def __init__(self) -> None:
        self.paths: list[str] | None = None
        sys.addaudithook(self._note)  # which stays for ever, and is idle while the watch is off

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.paths is None or event not in {"open", "os.scandir", "os.listdir"}:
            return
        if isinstance(arguments[0], str | bytes):
            self.paths.append(os.path.realpath(os.fsdecode(arguments[0])))

    @contextmanager
    def on(self) -> Iterator[list[str]]:
        self.paths = found = []
        try:
            yield found
        finally:
            self.paths = None


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


def read_watched(sample: Sample, root: Path, outside: Path, watch: Watch) -> Database:
    """Read a database, and check that nothing outside was looked into."""
    with watch.on() as paths:
        database = sample.read(root)
    assert any(path.startswith(str(root)) for path in paths)  # the watch works
    assert [path for path in paths if path.startswith(str(outside))] == []
    return database


@pytest.mark.promise("input 43")
def test_a_frame_that_links_out_of_the_database_is_refused(
    sample: Sample, root: Path, outside: Path, watch: Watch
) -> None:
    frame = sample.read(root).footage[0].frames[1].path
    move(frame, outside)
    database = read_watched(sample, root, outside, watch)
    assert ids(database) == sample.ids[1:]
    reason = f"{frame.name} is a link that leads out of the database"
    assert reasons(database) == {sample.ids[0]: reason}


@pytest.mark.promise("input 43")
def test_a_clip_that_links_out_of_the_database_is_refused(
    sample: Sample, root: Path, outside: Path, watch: Watch
) -> None:
    move(sample.folder(root), outside)
    database = read_watched(sample, root, outside, watch)
    assert ids(database) == sample.ids[1:]
    reason = "its folder is a link that leads out of the database"
    assert reasons(database) == {sample.ids[0]: reason}


@pytest.mark.parametrize("sample", BY_SUBJECT, indirect=True)
@pytest.mark.promise("input 43")
def test_a_subject_that_links_out_of_the_database_is_refused(
    sample: Sample, root: Path, outside: Path, watch: Watch
) -> None:
    last = list(sample.clips.values())[-1][0]
    move(root / sample.tree / Path(last).parts[0], outside)
    database = read_watched(sample, root, outside, watch)
    assert ids(database) == sample.ids[:-1]
    reason = "the subject's folder is a link that leads out of the database"
    assert set(reasons(database).values()) == {reason}


@nested
@pytest.mark.promise("input 43")
def test_a_tree_that_links_out_of_the_database_is_not_followed(
    sample: Sample, root: Path, outside: Path, watch: Watch
) -> None:
    move(root / sample.tree.parts[0], outside)
    with watch.on() as paths:
        refused(sample, root, "a link that leads out is not followed")
    assert [path for path in paths if path.startswith(str(outside))] == []


@pytest.mark.promise("input 43")
def test_links_inside_the_database_are_followed_and_loops_are_not(
    sample: Sample, root: Path
) -> None:
    expected = sample.read(root)
    clip = sample.folder(root)
    (root / ".kept").mkdir()
    move(clip, root / ".kept")
    clip.parent.joinpath("self").symlink_to("self")
    sample.frames(root, 1)[0].with_name("loop_999999.jpg").symlink_to("loop_999999.jpg")
    if sample.dataset not in {"folder", "4dme"}:  # where every folder is a subject
        (root / sample.tree / "loop").symlink_to(root)
    found = sample.read(root)
    if sample.variant is None and sample.dataset == "smic":
        # without a sheet the broken link could be a frame of the clip
        assert list(reasons(found)) == [sample.ids[1]]
        return
    assert (ids(found), found.skipped) == (ids(expected), ())


@pytest.mark.promise("input 45")
def test_a_pipe_is_no_frame_and_does_not_block(sample: Sample, root: Path) -> None:
    frame = sample.read(root).footage[0].frames[1].path
    frame.unlink()
    os.mkfifo(frame)
    database = sample.read(root)
    assert reasons(database) == {sample.ids[0]: f"{frame.name} is not a regular file"}


@pytest.mark.promise("input 44")
def test_unreadable_folders_cost_their_clips(sample: Sample, root: Path) -> None:
    last = list(sample.clips.values())[-1][0]
    folders = [sample.folder(root), root / sample.tree / Path(last).parts[0]]
    for folder in folders:
        folder.chmod(0)
    try:
        if os.access(folders[0], os.R_OK):
            pytest.skip("the superuser may read everything")
        database = sample.read(root)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert ids(database) == sample.ids[1:-1]
    assert all("cannot be read" in reason for reason in reasons(database).values())


def test_a_read_only_tree_is_read_and_nothing_in_it_changes(sample: Sample, root: Path) -> None:
    with read_only(root):
        before = snapshot(root)
        assert ids(sample.read(root)) == sample.ids
        assert snapshot(root) == before
