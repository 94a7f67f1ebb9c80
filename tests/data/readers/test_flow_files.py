"""Rows of a table find their files, and clips are called as the official composite list does."""

from pathlib import Path

import pytest

from raicl.common.errors import InputError, UsageError
from raicl.data.readers.flow_files import CLASSES, FlowFile, describe_databases, read_flow_files


def read(
    root: Path, table: str, database: str | None = None, classes: tuple[str, ...] = CLASSES
) -> tuple[FlowFile, ...]:
    path = root.parent / "clips.csv"
    path.write_text(table)
    return read_flow_files(root, path, database=database, classes=classes)


def folder(tmp_path: Path, *names: str) -> Path:
    root = tmp_path / "flows"
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


@pytest.mark.parametrize(
    ("file", "row", "clip"),
    [
        # as the public folders have them; their tables say .jpg, and have no blank
        ("sub17_EP05_09 .png", "sub17_EP05_09.jpg,sub17", "casme2/sub17/EP05_09"),
        ("sub03_EP01_2.png", "sub03_EP01_2.png,sub03", "casme2/sub03/EP01_2"),
        ("sub07_EP06_02_01.png", "sub07_EP06_02_01.png,sub07", "casme2/sub07/EP06_02_01"),
        ("sub09_EP09f.png", "sub09_EP09f.png,sub09", "casme2/sub09/EP09f"),
        ("006_006_1_2.png", "006_006_1_2.png,006", "samm/006/006_1_2"),
        ("006_006_5_10.png", "006_006_5_10.png,6", "samm/006/006_5_10"),  # a spreadsheet's 6
        ("006_1_2.png", "006_1_2.png,006", "samm/006/006_1_2"),
        ("s20_s20_ne_13.png", "s20_s20_ne_13.png,s20", "smic/s20/s20_ne_13"),
        ("s01_s1_sur_01.png", "s01_s1_sur_01.png,s01", "smic/s01/s01_sur_01"),
        ("s1_ne_01.png", "s1_ne_01.png,s1", "smic/s01/s01_ne_01"),
        ("anna_1_2.npy", "anna_1_2.npy,anna", "folder/anna/1_2"),
        ("smile.flo", "smile,anna", "folder/anna/smile"),
        ("deep/er/smile.npy", "deep/er/smile.npy,anna", "folder/anna/smile"),
    ],
)
def test_names_follow_the_official_list(tmp_path: Path, file: str, row: str, clip: str) -> None:
    [found] = read(folder(tmp_path, file), f"image name,subject,class\n{row},0\n")
    assert found.id == clip
    assert found.guessed
    assert found.path.name == Path(file).name
    assert (found.label, found.labelled, found.coded) == ("negative", "class", True)


def test_the_table_of_the_lineage_is_read_as_it_is(tmp_path: Path) -> None:
    root = folder(tmp_path, "sub01_EP02_01f .png", "s03_s3_po_01.png")
    header = "dataset,sub,filename_o,label,apex,imagename,sub_filename\n"
    rows = "casme2,sub01,EP02_01f,1,,sub01_EP02_01f.jpg,\nsmic,s03,s03_po_01,1,,s03_s3_po_01.jpg,\n"
    clips = read(root, header + rows)
    assert [clip.id for clip in clips] == ["casme2/sub01/EP02_01f", "smic/s03/s03_po_01"]
    assert {clip.label for clip in clips} == {"positive"}
    assert describe_databases(clips) == "casme2 1, smic 1"


@pytest.mark.parametrize("name", ["CASMEII", "CASME II", "casme2", "CASME-II"])
def test_a_database_has_one_key_under_all_its_names(tmp_path: Path, name: str) -> None:
    root = folder(tmp_path, "17_EP05_09.npy")
    table = "image,subject,emotion\n17_EP05_09,17,Happiness\n"
    [clip] = read(root, table, name)
    assert clip.id == "casme2/sub17/EP05_09"
    assert (clip.label, clip.labelled) == ("happiness", "emotion")
    with pytest.raises(UsageError, match="no database 'CASME 9'"):
        read(root, table, "CASME 9")
    with pytest.raises(InputError, match="no database 'CASME 9'"):
        read(root, "image,subject,emotion,database\n17_EP05_09,17,x,CASME 9\n")


A, B = "sub01_a.npy", "sub01_b.npy"


@pytest.mark.parametrize(
    ("files", "table", "message"),
    [
        ([A], f"image,subject,class\n{A},sub01,0\n{B},sub01,1\n", "no file for 'sub01_b.npy'"),
        ([A, B], f"image,subject,class\n{A},sub01,0\n", "1 file without a row .* 'sub01_b.npy'"),
        ([A], f"image,subject,class\n{A},sub01,0\n{A},sub01,0\n", "rows 2 and 3 are of one clip"),
        (["x/" + A, "y/" + A], "image,subject,class\n", "two files are called sub01_a"),
        ([A, "sub01_a .png"], "image,subject,class\n", "two files are called sub01_a"),
        (
            [A, B],
            f"image,subject,class,clip\n{A},sub01,0,c\n{B},sub01,1,C\n",
            "rows 2 and 3 are of one clip, casme2/sub01/C",
        ),
        ([A], f"image,subject,class\n{A},sub02,0\n", "says subject sub02, the file's name sub01"),
        ([A], f"image,subject,class\n{A},sub01,7\n", "class 7 has no name"),
        ([A], f"image,subject,class\n{A},sub01,\n", "the row has no class"),
        (
            [A],
            f"image,subject,class,split\n{A},sub01,0,test\n",
            "the split 'test' of a clip of cas",
        ),
        ([A], f"image,subject\n{A},sub01\n", "no header with the column 'class'"),
        ([A], f"image,class\n{A},0\n", "no header with the column 'subject'"),
        ([A], "image,subject,class\n", "the table has no row"),
        (["notes.txt"], "image,subject,class\n", "no flow file in the folder"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    tmp_path: Path, files: list[str], table: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(folder(tmp_path, *files), table)
    assert caught.value.fix
    assert "\n" not in str(caught.value)


def test_a_number_is_a_class_only_by_its_order(tmp_path: Path) -> None:
    root = folder(tmp_path, A)
    [clip] = read(root, f"image,subject,class\n{A},sub01,1\n", classes=("others", "happiness"))
    assert clip.label == "happiness"


def test_a_link_out_of_the_folder_is_no_file_of_it(tmp_path: Path) -> None:
    root = folder(tmp_path, A)
    (tmp_path / "away.npy").write_bytes(b"")
    (root / B).symlink_to(tmp_path / "away.npy")
    [clip] = read(root, f"image,subject,class\n{A},sub01,0\n")
    assert clip.name == "a"
