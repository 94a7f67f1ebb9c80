"""Everything that a user may give by mistake ends in words: a cause, a remedy, an exit code."""

import os
import shutil
import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from raicl.preprocess.cli import main
from tests.data.bombs import ENCRYPTED, OLD_XLS, SHEET_XML, entity_bomb, zip_bomb
from tests.data.conftest import workbook
from tests.preprocess.bad_inputs import (
    HEADER,
    QUICK,
    ROWS,
    Answer,
    Type,
    picture,
    refused,
    write_database,
    write_table,
)

Change = Callable[[Path], Sequence[object] | None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Run ``raicl-prep`` with these words, up to its exit code."""

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["raicl-prep", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        streams = capsys.readouterr()
        assert "Traceback" not in streams.out + streams.err
        return Answer(int(str(caught.value.code or 0)), streams.out, streams.err)

    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_database(tmp_path / "clips")


def case(mark: pytest.MarkDecorator, change: Change, says: Sequence[str], name: str) -> object:
    """A thing that is wrong, the promises that it proves, and what is said of it."""
    return pytest.param(change, *says, id=name, marks=mark)


def put(name: str, content: bytes) -> Change:
    """Name a sheet of this content on the command line."""

    def change(root: Path) -> list[object]:
        (root / name).write_bytes(content)
        return ["--annotations", root / name]

    return change


def rows(*lines: str, header: str = HEADER) -> Change:
    return lambda root: write_table(root, lines, header)


# --- what cannot be read at all ends with exit code 3, before anything is computed


def _missing(root: Path) -> list[object]:
    return ["--root", root / "none"]


def _empty(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def _archive(root: Path) -> list[object]:
    shutil.make_archive(str(root), "zip", root)
    return ["--root", root.with_suffix(".zip")]


def _second_table(root: Path) -> None:
    shutil.copy(root / "clips.csv", root / "clips (2).csv")
    with (root / "clips.csv").open("a") as stream:
        stream.write("\n")


UNUSABLE = [
    case(
        pytest.mark.promise("input 1"),
        change=_missing,
        says=("--root does not exist", "--root DIR"),
        name="missing",
    ),
    case(
        pytest.mark.promise("input 2"),
        change=_empty,
        says=("no .csv with the columns", "write one"),
        name="empty",
    ),
    case(
        pytest.mark.promise("input 3"),
        change=lambda root: ["--root", root.parent],
        says=("no .csv with the columns", "did you mean --root"),
        name="one level too high",
    ),
    case(
        pytest.mark.promise("input 3"),
        change=lambda root: ["--root", root / "anna"],
        says=("no .csv with the columns", "did you mean --root"),
        name="one level too low",
    ),
    case(
        pytest.mark.promise("input 4"),
        change=_archive,
        says=("names a file, not a folder", "unpack"),
        name="zip",
    ),
    case(
        pytest.mark.promise("input 5"),
        change=lambda root: (root / "clips.csv").unlink(),
        says=("no .csv with the columns", "write one, or name it with --annotations"),
        name="no sheet",
    ),
    case(
        pytest.mark.promise("input 6"),
        change=_second_table,
        says=("2 candidates", "--annotations FILE"),
        name="two sheets",
    ),
    case(
        pytest.mark.promise("input 7"),
        change=put("a.xlsx", b"PK\x03\x04" + bytes(200)),
        says=("not an .xlsx file", "get the file again"),
        name="corrupt sheet",
    ),
    case(
        pytest.mark.promise("input 7"),
        change=put("a.xlsx", ENCRYPTED),
        says=("password-protected", "without a password"),
        name="protected sheet",
    ),
    case(
        pytest.mark.promise("input 7"),
        change=put("a.xls", OLD_XLS),
        says=("sheet", "xlsx"),
        name="old sheet",
    ),
    case(
        pytest.mark.promise("input 8"),
        change=put("a.xlsx", entity_bomb(SHEET_XML)),
        says=("the sheet defines XML entities", "get the file again"),
        name="entity bomb",
    ),
    case(
        pytest.mark.promise("input 9"),
        change=put("a.xlsx", zip_bomb()),
        says=("the sheet expands from", "get the file again"),
        name="zip bomb",
    ),
    case(
        pytest.mark.promise("input 11"),
        change=rows(*ROWS, header=HEADER.replace("offset", "letztes Bild")),
        says=("no header with the column 'offset'; found 'subject'", "name the columns"),
        name="translated column",
    ),
    case(
        pytest.mark.promise("input 11"),
        change=rows(*ROWS, header=HEADER.replace("apex", "onset")),
        says=("two columns are called 'onset'", "rename one of them"),
        name="twice the same column",
    ),
    case(
        pytest.mark.promise("input 14"),
        change=put("a.csv", (HEADER + "\nJürgen,a,1,2,x,,").encode("latin-1")),
        says=("not UTF-8", "save the file as CSV UTF-8"),
        name="latin-1",
    ),
    case(
        pytest.mark.promise("input 11"),
        change=put("a.csv", b""),
        says=("no header with the column", "name the columns"),
        name="an empty sheet",
    ),
]


@pytest.mark.parametrize(("change", "cause", "fix"), UNUSABLE)
def test_what_cannot_be_read_is_refused(
    typed: Type, root: Path, change: Change, cause: str, fix: str
) -> None:
    words = change(root) or []
    refused(typed("folder", "--root", root, "--dry-run", *words), 3, cause, fix)


# --- what differs from the usual and is meant well is read


def _workbook(root: Path) -> list[object]:
    above = [["Codes of our clips"], [], ["subject: the folder"], []]
    lines = [[None, *HEADER.split(","), None]]
    lines += [[None, *row.split(","), None, "noted"] for row in ROWS]
    for line in lines[1:]:
        line[3], line[4] = float(line[3]), f" {line[4]}.0 "
    (root / "clips.xlsx").write_bytes(workbook([*above, *lines]))
    return ["--annotations", root / "clips.xlsx"]


def _numbers(root: Path) -> None:
    (root / "anna").rename(root / "001")
    write_table(
        root, [row.replace("anna", n) for row, n in zip(ROWS, ("1", "1.0", ""), strict=True)]
    )


def _windows(root: Path) -> None:
    text = "\r\n".join([HEADER, *(row.replace("8,14", "\uff18, 14 ") for row in ROWS)])
    (root / "clips.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())


def _kinds(root: Path) -> None:
    folder = root / "ben" / "brows"
    for number, suffix in ((2, ".jpg"), (3, ".bmp"), (4, ".JPEG")):
        image = cv2.imread(str(folder / f"img{number}.png"))
        (folder / f"img{number}.png").unlink()
        (folder / f"img{number}{suffix}").write_bytes(cv2.imencode(suffix, image)[1].tobytes())
    for stray in ("Thumbs.db", ".DS_Store", "._img1.png", "notes.txt"):
        (folder / stray).write_bytes(b"stray")


def _deep(root: Path) -> list[object]:
    place = root.parent / "資料 Ünïcôdé" / ("y" * 200) / ("z" * 200)
    place.parent.mkdir(parents=True)
    root.rename(place)
    return ["--root", place]


def _links(root: Path) -> None:
    (root / "anna" / "self").symlink_to("self")
    (root / "anna" / "up").symlink_to(root)


READ = [
    case(
        pytest.mark.promise("input 10", "input 12", "input 13", "input 19"),
        change=_workbook,
        says=("3 clips",),
        name="workbook",
    ),
    case(
        pytest.mark.promise("input 13"),
        change=_numbers,
        says=("2 clips",),
        name="numbers for subjects",
    ),
    case(
        pytest.mark.promise("input 14"),
        change=_windows,
        says=("3 clips",),
        name="mark, line ends, wide digits, blanks",
    ),
    case(
        pytest.mark.promise("input 15"),
        change=lambda _: None,
        says=("1 apex-missing",),
        name="apex is a slash",
    ),
    case(
        pytest.mark.promise("input 18"),
        change=rows(*ROWS[:2], "ben,brows,1,99,surprise,3,30"),
        says=("1 truncated",),
        name="offset past the last frame",
    ),
    case(
        pytest.mark.promise("input 24"),
        change=rows(*ROWS[:2], "ben,brows,1,7,Others,3,30"),
        says=("1 others",),
        name="Others",
    ),
    case(
        pytest.mark.promise("input 24"),
        change=rows(*ROWS[:2], "ben,brows,1,7,boredom,3,30"),
        says=("1 emotion-unknown",),
        name="unknown emotion",
    ),
    case(
        pytest.mark.promise("input 25"),
        change=lambda root: (root / "ben" / "brows" / "img7.png").unlink(),
        says=("1 short-clip",),
        name="one frame too few",
    ),
    case(
        pytest.mark.promise("input 26"),
        change=lambda _: None,
        says=("sampled   3 clips, 18 instances\n",),
        name="just enough",
    ),
    case(
        pytest.mark.promise("input 27"),
        change=lambda root: (root / "ben" / "brows" / "img4.png").unlink(),
        says=("1 frame-gap",),
        name="gap",
    ),
    case(
        pytest.mark.promise("input 28"),
        change=lambda _: None,
        says=("3 clips",),
        name="unpadded numbers",
    ),
    case(
        pytest.mark.promise("input 29"),
        change=_kinds,
        says=("3 clips",),
        name="kinds of pictures, strays",
    ),
    case(
        pytest.mark.promise("input 41"),
        change=_deep,
        says=("3 clips",),
        name="long path in any script",
    ),
    case(pytest.mark.promise("input 43"), change=_links, says=("3 clips",), name="loops"),
]


@pytest.mark.parametrize(("change", "says"), READ)
def test_what_is_meant_well_is_read(typed: Type, root: Path, change: Change, says: str) -> None:
    words = change(root) or []
    answer = typed("folder", "--root", root, "--dry-run", "--n-frames", 6, *words)
    assert (answer.code, answer.error) == (0, [])
    assert says in answer.out + "\n"
    assert "0 skipped" in answer.out or "up" in answer.out


# --- what spoils one clip costs this clip alone, and is listed


def _outside(root: Path) -> None:
    shutil.move(root / "anna" / "smile", root.parent / "elsewhere")
    (root / "anna" / "smile").symlink_to(root.parent / "elsewhere")


def _pipe(root: Path) -> None:
    (root / "anna" / "smile" / "img9.png").unlink()
    os.mkfifo(root / "anna" / "smile" / "img9.png")


def _gif(root: Path) -> None:
    for path in (root / "anna" / "smile").iterdir():
        path.rename(path.with_suffix(".gif"))


def _formula(root: Path) -> list[object]:
    lines = [HEADER.split(","), *(row.split(",") for row in ROWS)]
    lines[1][2] = "=1+7"
    (root / "clips.xlsx").write_bytes(workbook(lines))
    return ["--annotations", root / "clips.xlsx"]


def other(row: str) -> Change:
    """Another first row."""
    return rows(row, *ROWS[1:])


SPOILT = [
    case(
        pytest.mark.promise("input 16"),
        change=other("anna,smile,14,8,x,,"),
        says=("onset 14 is not before",),
        name="backward",
    ),
    case(
        pytest.mark.promise("input 17"),
        change=other("anna,smile,8,8,x,,"),
        says=("onset 8 is not before",),
        name="one frame",
    ),
    case(
        pytest.mark.promise("input 18"),
        change=other("anna,smile,8,0,x,,"),
        says=("before its offset 0",),
        name="offset 0",
    ),
    case(
        pytest.mark.promise("input 19"),
        change=other("anna,smile,8.5,14,x,,"),
        says=("'8.5' is not a frame",),
        name="half frame",
    ),
    case(pytest.mark.promise("input 20"), change=_formula, says=("no onset",), name="formula"),
    case(
        pytest.mark.promise("input 20"),
        change=other("anna,smile,2014-05-08,14,x,,"),
        says=("not a frame number",),
        name="date",
    ),
    case(
        pytest.mark.promise("input 21"),
        change=rows(*ROWS, ROWS[0]),
        says=("row 5 repeats row 2",),
        name="the same row twice",
    ),
    case(
        pytest.mark.promise("input 21"),
        change=rows(*ROWS, "anna,smile,8,14,disgust,10,30"),
        says=("rows 2 and 5 disagree: emotion 'happiness' and 'disgust'; delete the wrong one",),
        name="two emotions",
    ),
    case(
        pytest.mark.promise("input 22"),
        change=other("anna,laugh,8,14,x,,"),
        says=("no folder on disk",),
        name="no folder",
    ),
    case(
        pytest.mark.promise("input 23"),
        change=rows(*ROWS[1:]),
        says=("folder without a row",),
        name="no row",
    ),
    case(
        pytest.mark.promise("input 24"),
        change=other("anna,smile,8,14,,,"),
        says=("its row has no emotion",),
        name="no emotion",
    ),
    case(
        pytest.mark.promise("input 29"),
        change=_gif,
        says=(".gif files are not read: save them as .png",),
        name="gif",
    ),
    case(
        pytest.mark.promise("input 42"),
        change=other("anna,../../etc/passwd,8,14,x,,"),
        says=("no folder on disk",),
        name="leads up",
    ),
    case(
        pytest.mark.promise("input 42"),
        change=other("anna,/etc,8,14,x,,"),
        says=("no folder on disk",),
        name="absolute",
    ),
    case(
        pytest.mark.promise("input 42"),
        change=other("anna,smi\0le,8,14,x,,"),
        says=("no folder on disk",),
        name="NUL",
    ),
    case(
        pytest.mark.promise("input 43"),
        change=_outside,
        says=("link that leads out of the database",),
        name="leads out",
    ),
    case(
        pytest.mark.promise("input 45"),
        change=_pipe,
        says=("img9.png is not a regular file",),
        name="pipe",
    ),
]


@pytest.mark.parametrize(("change", "says"), SPOILT)
def test_what_spoils_a_clip_is_listed_with_its_clip(
    typed: Type, root: Path, change: Change, says: str
) -> None:
    words = change(root) or []
    answer = typed("folder", "--root", root, "--dry-run", *words)
    assert (answer.code, answer.error) == (0, [])
    (line,) = (line for line in answer.out.splitlines() if says in line)
    assert line.split()[1].startswith("folder/anna/")


# --- a frame that cannot be used fails its clip; the cache holds the others


def frame(content: bytes | Callable[[bytes], bytes], suffix: str = ".png") -> Change:
    """Other bytes for a frame in the middle of a clip."""

    def change(root: Path) -> None:
        path = root / "anna" / "smile" / "img11.png"
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        path.unlink()
        whole = cv2.imencode(suffix, image)[1].tobytes()
        made = content if isinstance(content, bytes) else content(whole)
        path.with_suffix(suffix).write_bytes(made)

    return change


def encoded(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def _bomb() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 40000, 40000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


DAMAGED = [
    case(
        pytest.mark.promise("input 30"),
        change=frame(b""),
        says=("a frame of zero bytes",),
        name="no bytes",
    ),
    case(
        pytest.mark.promise("input 31"),
        change=frame(lambda b: b[:-90], ".jpg"),
        says=("a truncated JPEG",),
        name="cut",
    ),
    case(
        pytest.mark.promise("input 31"),
        change=frame(lambda b: b[: len(b) // 2] + bytes(300) + b[len(b) // 2 + 300 :], ".jpg"),
        says=("a damaged JPEG",),
        name="a hole",
    ),
    case(
        pytest.mark.promise("input 32"),
        change=frame(b"dear diary", ".jpg"),
        says=("not a JPEG, PNG",),
        name="text",
    ),
    case(
        pytest.mark.promise("input 34"),
        change=frame(encoded(picture(3, (50, 64)))),
        says=("a frame of 64x50 px in a clip of 64x48",),
        name="another size",
    ),
    case(
        pytest.mark.promise("input 35"),
        change=frame(_bomb()),
        says=("picture",),
        name="40,000 x 40,000",
    ),
    case(
        pytest.mark.promise("input 35"),
        change=frame(encoded(np.zeros((3, 3), np.uint8))),
        says=("3x3 px; the least is 8 a side",),
        name="3 x 3",
    ),
]


@pytest.mark.parametrize(("change", "says"), DAMAGED)
def test_a_frame_that_cannot_be_used_fails_its_clip_alone(
    typed: Type, root: Path, change: Change, says: str
) -> None:
    change(root)
    out = root.parent / "flows.h5"
    answer = typed("folder", "--root", root, "--out", out, *QUICK)
    refused(answer, 5, "1 of 3 clips failed; the cache holds the others", "repair the clips")
    (failure,) = open_cache(out).manifest.failures
    assert failure.id == "folder/anna/smile"
    assert says in failure.reason
    assert str(root) not in failure.reason  # the index holds no path of this machine


@pytest.mark.promise("input 44")
def test_a_folder_that_may_not_be_read_costs_its_clip(typed: Type) -> None:
    with TemporaryDirectory() as folder:  # which nobody but its owner could enter in `tmp_path`
        Path(folder).chmod(0o755)
        root = write_database(Path(folder, "clips"))
        (root / "anna" / "smile").chmod(0)
        me = os.geteuid()
        try:
            if me == 0:
                os.seteuid(65534)  # the superuser may read everything
            answer = typed("folder", "--root", root, "--dry-run")
        finally:
            os.seteuid(me)
            (root / "anna" / "smile").chmod(0o755)
    assert (answer.code, answer.error) == (0, [])
    assert "its folder cannot be read: the folder cannot be read: Permission denied" in answer.out


@pytest.mark.promise("input 46")
def test_a_landmark_model_that_is_not_there_is_refused(typed: Type, root: Path) -> None:
    words = ["--out", root.parent / "flows.h5", "--landmarks", root / "none.dat", "--jobs", 1]
    refused(typed("folder", "--root", root, *words), 4, "no such landmark model", "")


@pytest.mark.promise("input 33")
def test_frames_of_any_depth_and_colour_are_read(typed: Type, root: Path) -> None:
    for path in (root / "anna" / "smile").iterdir():
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(path), image.astype(np.uint16) << 4)
    for path in (root / "ben" / "brows").iterdir():
        image = cv2.imread(str(path))
        cv2.imwrite(str(path), np.dstack([image, np.full(image.shape[:2], 200, np.uint8)]))
    answer = typed("folder", "--root", root, "--out", root.parent / "flows.h5", *QUICK)
    assert (answer.code, answer.error) == (0, [])
    assert "1x bits-12" in answer.out


@pytest.mark.promise("input 40")
def test_a_clip_in_which_nothing_changes_has_no_flow_and_no_strain(typed: Type, root: Path) -> None:
    for path in (root / "anna" / "smile").iterdir():
        path.write_bytes((root / "anna" / "smile" / "img8.png").read_bytes())
    out = root.parent / "flows.h5"
    quick = [word if word != "dis" else "tvl1" for word in QUICK]
    assert typed("folder", "--root", root, "--out", out, *quick).code == 0
    cache = open_cache(out)
    record = next(r for r in cache.records if r.id == "folder/anna/smile")
    assert not cache.read(record).instances.any()


@pytest.mark.promise("input 41")
def test_names_that_are_not_unicode_stand_in_the_index_as_text(typed: Type, root: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(root.parent) + b"/d\xff\xe9"))
    root.rename(odd)
    Path(os.fsdecode(os.fsencode(odd) + b"/anna/smile/\xfe11.png")).write_bytes(b"no picture")
    (odd / "anna" / "smile" / "img11.png").unlink()
    out = odd.parent / os.fsdecode(b"o\xff.h5")
    answer = typed("folder", "--root", odd, "--out", out, *QUICK)
    assert answer.code == 5
    (failure,) = open_cache(out).manifest.failures
    assert failure.reason.isprintable()
    assert "11.png" in failure.reason


# --- options


def _into(root: Path) -> list[object]:
    return ["--out", root / "flows.h5"]


OPTIONS = [
    case(
        pytest.mark.promise("input 47"),
        change=_into,
        says=("--out is inside the database", "outside"),
        name="out inside",
    ),
    case(
        pytest.mark.promise("input 47"),
        change=lambda root: ["--out", root / "clips.csv", "--annotations", root / "clips.csv"],
        says=("--out and --annotations name the same file", "another --out"),
        name="out is the sheet",
    ),
    *(
        case(
            pytest.mark.promise("input 48"),
            change=lambda _, n=n: ["--n-frames", n],
            says=(words, ""),
            name=f"{n} frames",
        )
        for n, words in (
            (0, "n_frames = 0"),
            (-1, "n_frames = -1"),
            ("1e9", "'--n-frames': Input should be a valid integer"),
        )
    ),
    *(
        case(
            pytest.mark.promise("input 49"),
            change=lambda _, n=n: ["--size", n],
            says=(f"size = {n}", ""),
            name=f"{n} px",
        )
        for n in (0, 31, 10**9)
    ),
    *(
        case(
            pytest.mark.promise("input 50"),
            change=lambda _, n=n: ["--jobs", n],
            says=("jobs", ""),
            name=f"{n} jobs",
        )
        for n in (0, -7, 10_000)
    ),
]


@pytest.mark.parametrize(("change", "cause", "fix"), OPTIONS)
def test_a_wrong_option_is_refused_before_anything_is_computed(
    typed: Type, root: Path, change: Change, cause: str, fix: str
) -> None:
    out = root.parent / "flows.h5"
    words = change(root) or []
    refused(typed("folder", "--root", root, "--out", out, *words), 2, cause, fix)
    assert not out.exists()


@pytest.mark.promise("input 49")
def test_an_odd_size_is_as_good_as_an_even_one(typed: Type, root: Path) -> None:
    out = root.parent / "flows.h5"
    answer = typed("folder", "--root", root, "--out", out, *QUICK, "--size", 51, "--limit", 1)
    assert answer.code == 0
    assert open_cache(out).size == 51


@pytest.mark.parametrize(
    ("content", "code", "cause", "fix"),
    [
        pytest.param(b"n_frame = 3", 2, "unknown setting `n_frame`", "did you mean", id="key"),
        pytest.param(b"size = 'big'", 2, "size = 'big'", "see --help", id="type"),
        pytest.param(b"size = [1]", 2, "size = [1]", "see --help", id="list"),
        pytest.param(b"size = ", 3, "not a TOML file", "correct the file", id="syntax"),
        pytest.param(b"# f\xfcr uns", 3, "not a TOML file", "correct", id="not UTF-8"),
        pytest.param("size = 65".encode("utf-16"), 3, "not a TOML file", "correct", id="UTF-16"),
        pytest.param(
            b"#" * (1 << 20) + b"\n", 3, "more than 1,048,576 bytes", "correct", id="large"
        ),
    ],
)
@pytest.mark.promise("input 68", "input 69")
def test_a_settings_file_that_says_nothing_usable_is_refused(
    typed: Type, root: Path, content: bytes, code: int, cause: str, fix: str
) -> None:
    config = root.parent / "prep.toml"
    config.write_bytes(content)
    refused(typed("folder", "--root", root, "--dry-run", "--config", config), code, cause, fix)


@pytest.mark.promise("input 69")
def test_a_settings_file_may_begin_with_a_byte_order_mark(typed: Type, root: Path) -> None:
    config = root.parent / "prep.toml"
    config.write_bytes(b"\xef\xbb\xbfn_frames = 5\r\n")
    answer = typed("folder", "--root", root, "--dry-run", "--config", config)
    assert (answer.code, answer.error) == (0, [])
    assert "n_frames 5" in answer.out


@pytest.mark.promise("input 51")
def test_a_flow_with_a_nan_is_refused(typed: Type, tmp_path: Path) -> None:
    flow = np.zeros((2, 28, 28), np.float32)
    flow[0, 3, 4] = np.nan
    (tmp_path / "flows").mkdir()
    np.save(tmp_path / "flows" / "a.npy", flow)
    (tmp_path / "clips.csv").write_text("image,subject,class\na.npy,anna,0\n")
    words = ["--root", tmp_path / "flows", "--annotations", tmp_path / "clips.csv"]
    answer = typed("import", *words, "--out", tmp_path / "flows.h5")
    refused(answer, 3, "a NaN or an infinity", "compute this flow again")
