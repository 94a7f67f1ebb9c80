"""One miniature database per reader, for what all readers must do; every value is invented."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raicl.data.database import read_database
from raicl.data.records import Database
from tests.data.conftest import PICTURE, table, workbook
from tests.data.conftest import ROWS as CASME2_ROWS

Line = list[Any]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A database in its real layout: where its frames and its sheet lie, and what they say.

    `clips` has by id the clip's folder below `tree` and its frames; `name` formats a number as a
    file's name. `header` is the index in `lines` of the words that `columns` maps to. Clips lie
    below their subject's folder, unless not `by_subject`; a folder is one clip, unless a `video`.
    """

    dataset: str
    variant: str | None = None
    tree: Path
    clips: dict[str, tuple[str, range]]
    name: str
    sheet: str = ""
    lines: Sequence[Line] = ()
    header: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    by_subject: bool = True
    video: bool = False

    def write(self, root: Path) -> Path:
        """All of it below `root`, which is returned with its links resolved."""
        root.mkdir(parents=True, exist_ok=True)
        for folder, numbers in self.clips.values():
            place = root / self.tree / folder
            place.mkdir(parents=True)
            for number in numbers:
                (place / self.name.format(number, clip=place.name)).write_bytes(PICTURE)
        if self.sheet:
            self.write_sheet(root, self.lines)
        return root.resolve()

    def write_sheet(self, root: Path, lines: Sequence[Line]) -> None:
        """The sheet with other lines."""
        path = root / self.sheet
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            with path.open("w", newline="", encoding="utf-8") as stream:
                csv.writer(stream).writerows(lines)
        else:
            path.write_bytes(workbook(lines))

    def change(self, root: Path, row: int, **cells: Any) -> None:
        """Write the sheet with other cells in one of its rows."""
        lines = [list(line) for line in self.lines]
        for column, value in cells.items():
            lines[self.header + 1 + row][self.place(column)] = value
        self.write_sheet(root, lines)

    def place(self, column: str) -> int:
        """Index of a column in the lines."""
        return list(self.lines[self.header]).index(self.columns[column])

    def read(self, root: Path, **options: Any) -> Database:
        return read_database(self.dataset, root=root, variant=self.variant, **options)

    def folder(self, root: Path, clip: int = 0) -> Path:
        """The folder of a clip, by its place in `clips`."""
        return root / self.tree / list(self.clips.values())[clip][0]

    def frames(self, root: Path, clip: int = 0) -> list[Path]:
        return sorted(self.folder(root, clip).iterdir())

    @property
    def ids(self) -> list[str]:
        return list(self.clips)


CASME2 = Sample(
    dataset="casme2",
    tree=Path("CASME2_RAW_selected", "CASME2_RAW_selected"),
    clips={
        f"casme2/sub{s}/{name}": (f"sub{s}/{name}", range(onset, offset + 1))
        for s, name, onset, _, offset, _, _ in CASME2_ROWS
    },
    name="img{}.jpg",
    sheet="CASME2-coding-20140508.xlsx",
    lines=table(),
    columns={
        "subject": "Subject",
        "clip": "Filename",
        "onset": "OnsetFrame",
        "apex": "ApexFrame",
        "offset": "OffsetFrame",
        "emotion": "Estimated Emotion",
    },
)

SAMM_HEADER: Line = ["Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame"]
SAMM_HEADER += ["Offset Frame", "Duration", "Micro", "Action Units", "Estimated Emotion"]
SAMM_HEADER += ["Objective Classes", "Notes"]


def samm_line(
    subject: str, name: str, onset: int, apex: Any, offset: int, units: Any, emotion: str
) -> Line:
    """A row with a formula of which the file stores no value."""
    code = int(name.split("_")[1])
    length = "=SUM(F15-D15)+1"
    return [
        subject,
        name,
        code,
        onset,
        apex,
        offset,
        length,
        "Micro - 1/2",
        units,
        emotion,
        5,
        None,
    ]


SAMM_PREAMBLE: list[Line] = [
    ["Micro-movements and their codes"],
    [],
    ["Please cite the paper below when you use the codes"],
    *[[f"Line {i} of the citations", None, "Subject", "Filename"] for i in range(4)],
    *[[symbol, "its meaning"] for symbol in ("R", "L", "A", "B", "+", "or")],
]

SAMM = Sample(
    dataset="samm",
    tree=Path("SAMM", "SAMM"),
    clips={
        "samm/006/006_1_2": ("006/006_1_2", range(5562, 5568)),
        "samm/006/006_1_3": ("006/006_1_3", range(97, 104)),  # crosses 99 to 100
        "samm/011/011_3_1": ("011/011_3_1", range(997, 1004)),  # crosses 999 to 1000
        "samm/020/020_2_1": ("020/020_2_1", range(300, 306)),
    },
    name="{clip:.3}_{:05d}.jpg",
    sheet="SAMM_Micro_FACS_Codes_v2.xlsx",
    lines=[
        *SAMM_PREAMBLE,
        SAMM_HEADER,
        samm_line("006", "006_1_2", 5562, 5565, 5567, "12+15 ", "Anger"),
        samm_line("006", "006_1_3", 97, 100, 103, "(R6 or R12)+R15", "Other"),
        samm_line("011", "011_3_1", 997, 997, 1003, 12, "Happiness"),
        samm_line("020", "020_2_1", 300, 304, 305, "R14+17+soft focus", "Surprise"),
    ],
    header=13,
    columns={
        "subject": "Subject",
        "clip": "Filename",
        "onset": "Onset Frame",
        "apex": "Apex Frame",
        "offset": "Offset Frame",
        "emotion": "Estimated Emotion",
    },
)

SMIC = Sample(
    dataset="smic",
    tree=Path("SMIC_all_raw", "SMIC_all_raw", "HS"),
    clips={
        "smic/s01/s01_ne_01": ("s1/micro/negative/s1_ne_01", range(76518, 76523)),
        "smic/s01/s01_po_02": ("s1/micro/positive/s1_po_02", range(17581039, 17581044)),
        "smic/s03/s03_ne_16": ("s3/micro/negative/s3_ne_16", range(99998, 100003)),
        "smic/s20/s20_sur_01": ("s20/micro/surprise/s20_sur_01", range(559740, 559744)),
    },
    name="image{:06d}.bmp",
)

SMIC_LONG_HEADER: Line = ["Subject", "Filename", None, "OnsetF", "OffsetF", "Onset2F", "Offset2F"]
SMIC_LONG_HEADER += ["Onset3F", "Offset3F", None, "FirstF", "LastF", "TotalMF1", "TotalMF2"]
SMIC_LONG_HEADER += ["TotalMF3", "TotalVL", "Emotion"]


def smic_line(
    subject: str,
    name: str,
    onset: int,
    offset: Any,
    length: int,
    emotion: str,
    second: tuple[int, int] | None = None,
) -> Line:
    """A row; `second` are onset and length of another expression, its offset a formula."""
    onset2, length2 = second or (None, None)
    offset2 = "=F2+N2-1" if second else None
    spans = [onset, offset, onset2, offset2, None, None]
    return [
        *[subject, name, None, *spans, None, onset - 4, onset + 16],
        *[length, length2, None, 21, emotion],
    ]


SMIC_LONG = Sample(
    dataset="smic",
    variant="e-hs",
    tree=Path("SMIC-E_raw image", "HS_long", "SMIC-HS-E"),
    clips={
        "smic/s01/s01_ne_01": ("s01/s1_ne_01", range(76514, 76535)),
        "smic/s01/s01_po_02": ("s01/s1_po_02", range(17581035, 17581056)),
        "smic/s18/s18_sur_03": ("s18/s18_sur_03", range(200, 221)),
    },
    name="image{:06d}.jpg",
    sheet="SMIC-HS-E_annotation.xlsx",
    lines=[
        SMIC_LONG_HEADER,
        smic_line("s1", "s1_ne_01", 76518, "=D2+M2-1", 5, "negative"),
        smic_line("s1", "s1_po_02", 17581039, 17581043, 5, "positive"),
        smic_line("s18", "s18_sur_03", 204, "=D4+M4-1", 7, "negative"),  # it is surprise
        *[[None, None, None, None, f"=D{n}+M{n}-1"] for n in range(5, 8)],
    ],
    columns={"subject": "Subject", "clip": "Filename", "onset": "OnsetF", "offset": "OffsetF"},
)

FOLDER = Sample(
    dataset="folder",
    tree=Path(),
    clips={
        "folder/anna/frown": ("anna/frown", range(1, 6)),
        "folder/anna/laugh 1": ("anna/laugh 1", range(8, 13)),  # crosses 9 to 10
        "folder/bert/blink": ("bert/blink", range(98, 103)),
    },
    name="frame_{}.png",
    sheet="clips.csv",
    lines=[
        ["subject", "clip", "onset", "offset", "emotion", "apex", "fps"],
        ["anna", "frown", 1, 5, "negative", 3, 30],
        ["anna", "laugh 1", 8, 12, "happiness", 10, 30],
        ["bert", "blink", 98, 102, "others", 100, 25.5],
    ],
    columns={
        name: name for name in ("subject", "clip", "onset", "offset", "emotion", "apex", "fps")
    },
)

CASME3_WORDS: Line = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class"]
CASME3_LINES: list[Line] = [
    [*CASME3_WORDS, "emotion"],
    ["spNO.1", "a", "8", "10", "14", "4", "III", "disgust"],  # crosses 9 to 10
    ["spNO.1", "a", "97", "99", "103", "R1+R2", "II", "surprise"],  # crosses 99 to 100
    ["spNO.2", "c", "20", "20", "25", "12", "I", "Others"],
]
CASME3_COLUMNS = {
    **{"subject": "Subject", "clip": "Filename", "onset": "Onset", "apex": "Apex"},
    **{"offset": "Offset", "emotion": "emotion"},
}

CASME3 = Sample(
    dataset="casme3",
    tree=Path("part_A", "data", "part_A_split", "part_A"),
    clips={
        "casme3/spNO.1/a@8": ("spNO.1/a/color", range(8, 15)),
        "casme3/spNO.2/c@20": ("spNO.2/c/color", range(20, 26)),
    },
    name="{}.jpg",
    sheet="part_A/annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    lines=[line for line in CASME3_LINES if line[2] != "97"],
    columns=CASME3_COLUMNS,
    video=True,
)

CASME3_CUT = Sample(
    dataset="casme3",
    tree=Path("Part_A_ME_clip", "Part_A_ME_clip", "frame"),
    clips={
        "casme3/spNO.1/a@8": ("spNo.1_a_8", range(8, 15)),
        "casme3/spNO.1/a@97": ("spNo.1_a_97", range(97, 104)),
        "casme3/spNO.2/c@20": ("spNo.2_c_20", range(20, 26)),
    },
    name="{}.jpg",
    sheet="cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    lines=CASME3_LINES,
    columns=CASME3_COLUMNS,
    by_subject=False,
)

CASME_WORDS: Line = ["Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None]

CASME = Sample(
    dataset="casme",
    tree=Path("CASME_raw_selected"),
    clips={
        "casme/sub01/EP01_5": ("sub01/EP01_5", range(8, 15)),
        "casme/sub01/EP01_12": ("sub01/EP01_12", range(97, 104)),
        "casme/sub03/EP02_1": ("sub03/EP02_1", range(20, 26)),
    },
    name="EP_{}.jpg",
    sheet="CASME-coded-20190721.xlsx",
    lines=[
        [*CASME_WORDS, "Onset(ms)", "Total(ms)", "AU", "Emotion"],
        [1, "EP01_5", None, 8, 10, "\\", 14, None, 33, 117, 4, "tense"],
        [1, "EP01_12", None, 97, 99, 101, 103, None, 33, 117, "4+5", "repression"],
        [3, "EP02_1", None, 20, 22, "\\", 25, None, 33, 100, 12, "happiness"],
    ],
    columns={
        **{"subject": "Subject", "clip": "Filename", "onset": "OnsetF", "apex": "ApexF1"},
        **{"offset": "OffsetF", "emotion": "Emotion"},
    },
)

MMEW_WORDS: Line = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame"]

MMEW = Sample(
    dataset="mmew",
    tree=Path("MMEW", "Micro_Expression"),
    clips={
        "mmew/S01/S01-02-001": ("disgust/S01-02-001", range(1, 15)),
        "mmew/S01/S01-06-001": ("surprise/S01-06-001", range(97, 104)),
        "mmew/S30/S30-07-010": ("others/S30-07-010", range(1, 6)),
    },
    name="{}.jpg",
    sheet="MMEW_Micro_Exp.xlsx",
    lines=[
        [*MMEW_WORDS, "Action Units", "Estimated Emotion", "remarks"],
        [1, "S01-02-001", 8, 10, 14, 4, "disgust", None],
        [1, "S01-06-001", 97, 99, 103, "1+2", "surprise", "a remark"],
        [30, "S30-07-010", 1, 2, 5, 7, "others", None],
    ],
    columns={
        **{"subject": "Subject", "clip": "Filename", "onset": "OnsetFrame", "apex": "ApexFrame"},
        **{"offset": "OffsetFrame", "emotion": "Estimated Emotion"},
    },
    by_subject=False,
)

FOUR_D = Sample(
    dataset="4dme",
    tree=Path("4DME", "gray_micro"),
    clips={
        "4dme/001/fold_1": ("001/fold_1", range(1826, 1834)),
        "4dme/001/fold_10": ("001/fold_10", range(97, 104)),
        "4dme/012/fold_2": ("012/fold_2", range(20, 26)),
    },
    name="Frame_{:09d}.jpg",
    sheet="4DME_Labelling_Micro_release v1.xlsx",
    lines=[
        ["sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion"],
        ["001", "fold_1", 1826, 1830, 1833, "AU4", "Negative"],
        ["001", "fold_10", 97, 99, 103, "AU12", "Positive"],
        ["012", "fold_2", 20, 22, 25, "AU1+AU2", "Surprise"],
    ],
    columns={
        **{"subject": "sub_ID", "clip": "fold_name", "onset": "Onset", "apex": "Apex"},
        **{"offset": "Offset", "emotion": "Emotion"},
    },
    by_subject=False,
)

DFME_WORDS: Line = ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion"]

DFME = Sample(
    dataset="dfme",
    tree=Path("train_data", "train_data"),
    clips={
        "dfme/1/01_0001": ("01_0001", range(8, 14)),
        "dfme/1/01_0010": ("01_0010", range(97, 104)),
        "dfme/12/12_0003": ("12_0003", range(20, 26)),
    },
    name="{:05d}.png",
    sheet="DFME_train.xlsx",
    lines=[
        [*DFME_WORDS, "EmotionId", "Fps", "AU"],
        [1, "01_0001", 8, 10, 13, "contempt", 1, 500, "AU14"],
        [1, "01_0010", 97, 99, 103, "happiness", 4, 200, "AU12"],
        [12, "12_0003", 20, 22, 25, "fear", 3, 300, "AU20"],
    ],
    columns={
        **{"subject": "Subject", "clip": "Filename", "onset": "OnsetFrame", "apex": "ApexFrame"},
        **{"offset": "OffsetFrame", "emotion": "Emotion", "fps": "Fps"},
    },
    by_subject=False,
)

SAMPLES = {
    **{"casme2": CASME2, "samm": SAMM, "smic": SMIC, "smic-e": SMIC_LONG},
    **{"casme3": CASME3, "casme3-cut": CASME3_CUT},
    **{"casme": CASME, "mmew": MMEW, "4dme": FOUR_D, "dfme": DFME, "folder": FOLDER},
}
