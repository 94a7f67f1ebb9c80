"""Options of frames and options of imported flow do not pass for each other."""

from pathlib import Path

import pytest

from raicl.common.errors import UsageError
from raicl.preprocess.importing.options import ImportOptions, check_import
from tests.commands import run

NONE = ImportOptions(database=None, channels=None, classes=None, unit=None, frame=None)


def test_each_side_refuses_the_other_ones_options() -> None:
    check_import("import", NONE, {"--subjects": None, "--limit": 0})
    check_import("casme2", NONE, {"--subjects": "sub01"})
    with pytest.raises(UsageError, match="--unit belongs to flow that was made elsewhere"):
        check_import("casme2", ImportOptions(**NONE | {"unit": "px"}), {})  # type: ignore[typeddict-item]
    with pytest.raises(UsageError, match="--flow belongs to frames"):
        check_import("import", NONE, {"--subjects": None, "--flow": True})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--size", "64", "--root", ".", "--annotations", "a.csv"], "--size belongs to frames"),
        (["--jobs", "2", "--root", ".", "--annotations", "a.csv"], "--jobs belongs to frames"),
        (["--dry-run"], "--dry-run belongs to frames"),
        (["--root", "."], "--annotations is missing"),
        (["--annotations", "a.csv"], "--root is missing"),
        (["--input", "a.mp4", "--root", "."], "--input belongs to own videos"),
    ],
)
def test_what_does_not_belong_is_a_wrong_option(
    tmp_path: Path, words: list[str], message: str
) -> None:
    done = run("raicl-prep", "import", *words, "--out", "../real.h5", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
