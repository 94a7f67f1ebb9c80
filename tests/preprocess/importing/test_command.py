"""Flow that was made elsewhere becomes an ordinary cache, which says what nobody knows."""

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, shards_folder
from raicl.common.cache.packing import pack
from raicl.common.cache.pictures import draw_clip
from raicl.common.cache.validation import find_faults
from raicl.common.errors import ConflictError, InputError, RaiclError, UsageError
from raicl.data.gallery.page import write_gallery
from raicl.data.inspect import summary
from raicl.preprocess.importing.command import run
from raicl.preprocess.importing.options import ImportOptions
from raicl.train.view.library import Library, layers_of
from raicl.train.view.source import CacheSource

NAMES = ["sub01_EP01.png", "sub01_EP02 .png", "006_006_1_2.png", "s20_s20_ne_13.png"]
SUBJECTS = ["sub01", "sub01", "006", "s20"]
NONE = ImportOptions(database=None, channels=None, classes=None, unit=None, frame=None)


def pictures(tmp_path: Path, side: int = 28) -> Path:
    root = tmp_path / "pictures"
    root.mkdir()
    rng = np.random.default_rng(2)
    for name in NAMES:
        assert cv2.imwrite(str(root / name), rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
    table(tmp_path, zip(NAMES, SUBJECTS, [0, 1, 2, 0], strict=True))
    return root


def table(tmp_path: Path, rows: object) -> None:
    lines = [f"{name},{subject},{label}" for name, subject, label in rows]  # type: ignore[attr-defined]
    (tmp_path / "clips.csv").write_text("\n".join(["image,subject,class", *lines]) + "\n")


def arrays(tmp_path: Path, *flows: np.ndarray) -> Path:
    root = tmp_path / "arrays"
    root.mkdir()
    for number, flow in enumerate(flows):
        np.save(root / f"anna_{number}.npy", flow)
    table(tmp_path, [(f"anna_{n}.npy", "anna", n % 3) for n in range(len(flows))])
    return root


def do(tmp_path: Path, root: Path, *, overwrite: bool = False, **options: str) -> Path:
    out = tmp_path / "real.h5"
    given = ImportOptions(**NONE | options)  # type: ignore[typeddict-item]
    run(root, tmp_path / "clips.csv", out, given, overwrite=overwrite, as_json=False)
    return out


def test_pictures_become_a_cache_that_says_what_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = do(tmp_path, pictures(tmp_path))
    cache = open_cache(out)
    assert [record.id for record in cache.records] == [
        "casme2/sub01/EP01",
        "casme2/sub01/EP02",
        "samm/006/006_1_2",
        "smic/s20/s20_ne_13",
    ]
    assert cache.size == 28
    assert (cache.measure.unit, cache.measure.zero) == (False, False)
    for record in cache.records:
        shard = cache.read(record)
        assert shard.onset_face is shard.transform is shard.frame_digests is None
        assert shard.units == "unknown,unknown,unknown"
        clip = record.clip
        assert (clip.numbered, clip.labelled, clip.apex, clip.sheet) == (False, "class", None, "")
        assert (record.frames, record.middle, record.n_frames) == ((1,), 0, 2)
    first = cv2.imread(str(tmp_path / "pictures" / NAMES[0]))[..., ::-1]
    stored = cache.read(cache.records[0]).instances[0].astype(np.float64)
    np.testing.assert_array_equal(np.rint(stored * 255).transpose(1, 2, 0), first)
    said = capsys.readouterr().out
    assert "flow: unit unknown, zero and sign lost; strain given; no onset faces" in said
    assert "casme2 2 (by the form of the names)" in said
    assert said.endswith("--fold all --preset small\n")


def test_the_next_command_for_larger_pictures_mirrors_them_without_their_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do(tmp_path, pictures(tmp_path, 65))
    assert capsys.readouterr().out.endswith("--fold all --flip tensor\n")


def test_the_preset_for_small_flow_is_not_named_for_several_flows_a_clip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do(tmp_path, arrays(tmp_path, *np.random.default_rng(0).normal(size=(3, 2, 2, 28, 28))))
    assert "--preset" not in capsys.readouterr().out.splitlines()[-1]


def test_an_index_of_such_flow_is_closed_to_older_readers(tmp_path: Path) -> None:
    out = do(tmp_path, pictures(tmp_path))
    with h5py.File(out) as file:
        assert file.attrs["version"] == 3
    [shard, *_] = shards_folder(out).iterdir()
    with h5py.File(shard) as file:
        assert file.attrs["version"] == 2
        assert set(file) == {"instances", "frames"}


def test_every_reader_of_a_cache_takes_it(tmp_path: Path) -> None:
    out, packed = do(tmp_path, pictures(tmp_path)), tmp_path / "one.h5"
    cache = open_cache(out)
    assert find_faults(cache) == []
    pack(cache, packed)
    assert open_cache(packed).digest == cache.digest
    assert find_faults(open_cache(packed)) == []
    found = summary(cache)
    assert found["made_elsewhere"] == "unit unknown, zero and sign lost"
    assert found["databases"]["casme2"]["layout"] == "imported"
    assert found["databases"]["casme2"]["protocols"]["cde"]["classes"] == {
        "negative": 1,
        "positive": 1,
        "surprise": 0,
    }
    page = tmp_path / "page.html"
    write_gallery(page, cache)
    text = page.read_text()
    assert "unit unknown, zero and sign lost" in text
    assert " px<" not in text


def test_the_same_flow_gives_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    out = do(here, pictures(here))
    assert do(there, pictures(there)).read_bytes() == out.read_bytes()
    assert do(here, here / "pictures").read_bytes() == out.read_bytes()  # and again


def test_numbers_keep_their_zero_and_several_flows_their_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    flows = [rng.normal(size=(n, 2, 20, 20)).astype(np.float32) for n in (5, 1, 4)]
    out = do(tmp_path, arrays(tmp_path, *flows))
    cache = open_cache(out)
    assert (cache.measure.unit, cache.measure.zero) == (False, True)
    assert [record.frames for record in cache.records] == [(1, 2, 3, 4, 5), (1,), (1, 2, 3, 4)]
    assert [record.middle for record in cache.records] == [1, 0, 1]
    np.testing.assert_array_equal(
        cache.read(cache.records[0]).instances[:, :2], flows[0].astype(np.float16)
    )
    in_px = do(tmp_path, tmp_path / "arrays", overwrite=True, unit="px")
    cache = open_cache(in_px)
    assert cache.measure.unit
    assert cache.read(cache.records[0]).units == "px,px,1"


def test_flow_without_a_negative_component_has_lost_its_zero(tmp_path: Path) -> None:
    flows = np.random.default_rng(4).uniform(size=(2, 2, 20, 20))
    assert not open_cache(do(tmp_path, arrays(tmp_path, *flows))).measure.zero


def test_the_apex_is_known_only_if_somebody_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    root = arrays(tmp_path, *rng.normal(size=(2, 2, 20, 20)))
    [first, _] = open_cache(do(tmp_path, root, frame="apex")).records
    assert first.clip.apex == 1
    np.save(root / "anna_1.npy", rng.normal(size=(3, 2, 20, 20)))
    with pytest.raises(InputError, match="folder/anna/1 has 3 flows"):
        do(tmp_path, root, frame="apex", overwrite=True)


def wrong(root: Path, what: str) -> None:
    picture = root / NAMES[2]
    if what == "other size":
        cv2.imwrite(str(picture), np.zeros((30, 30, 3), np.uint8))
    elif what == "16 bits":
        cv2.imwrite(str(picture), np.zeros((28, 28, 3), np.uint16))
    elif what == "other kind":
        picture.unlink()
        np.save(picture.with_suffix(".npy"), np.zeros((2, 28, 28)))
    elif what == "no picture":
        picture.unlink()
    elif what == "no row":
        cv2.imwrite(str(root / "sub02_EP01.png"), np.zeros((28, 28, 3), np.uint8))
    elif what == "one name":
        cv2.imwrite(str(root / "sub01_EP02.png"), np.zeros((28, 28, 3), np.uint8))


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("other size", "of 30 px, sub01_EP01.png 8-bit grey levels with strain of 28 px"),
        ("16 bits", "16 bits"),
        ("other kind", "holds numbers without strain of 28 px"),
        ("no picture", "no file for '006_006_1_2.png'"),
        ("no row", "1 file without a row"),
        ("one name", "two files are called sub01_ep02"),
    ],
)
def test_one_wrong_clip_leaves_nothing(tmp_path: Path, what: str, message: str) -> None:
    root = pictures(tmp_path)
    wrong(root, what)
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match=message) as caught:
        do(tmp_path, root)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"channels": "u,v"}, UsageError),
        ({"channels": "u,u,v"}, UsageError),
        ({"unit": "px"}, UsageError),  # of grey levels
        ({"database": "nothing"}, UsageError),
        ({"classes": "negative"}, InputError),  # 1 and 2 have no name
    ],
)
def test_wrong_options_leave_nothing(
    tmp_path: Path, options: dict[str, str], kind: type[RaiclError]
) -> None:
    root = pictures(tmp_path)
    with pytest.raises(kind):
        do(tmp_path, root, **options)
    assert not list(tmp_path.glob("real.h5*"))


def test_another_cache_is_not_replaced_unasked(tmp_path: Path) -> None:
    root = pictures(tmp_path)
    out = do(tmp_path, root)
    before = out.read_bytes()
    with pytest.raises(ConflictError, match="other clips or settings"):
        do(tmp_path, root, channels="strain,v,u")
    assert out.read_bytes() == before
    do(tmp_path, root, channels="strain,v,u", overwrite=True)
    assert find_faults(open_cache(out)) == []


def test_pictures_of_a_clip_say_that_there_is_no_face(tmp_path: Path) -> None:
    cache = open_cache(do(tmp_path, pictures(tmp_path)))
    draw_clip(cache, cache.records[0].id, tmp_path / "clip.svg")
    assert (tmp_path / "clip.svg").stat().st_size
    library = Library(CacheSource(cache.path))
    told = library.details(0)
    assert (told["px"], told["numbered"], told["flow"]) == ("", False, [])
    assert "onset" not in layers_of(library.source)
    assert library.picture(0, 0, "u")[:4] == b"RIFF"  # a WebP
