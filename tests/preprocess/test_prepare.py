"""All clips: one bad clip costs one clip, a second run computes nothing, a kill loses nothing."""

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache, shards_folder
from raicl.common.errors import ConflictError, InputError, PartialError, UsageError
from raicl.common.locking import lock
from raicl.data.parts import part_of
from raicl.data.records import Correction, Database
from raicl.preprocess.fingerprint import identify
from raicl.preprocess.output import check_place
from raicl.preprocess.prepare import prepare
from raicl.preprocess.process import process_clip
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make
from tests.sealed import edit


def digest_of(out: Path) -> dict[str, str]:
    """Every file of a cache by name and SHA-256; temporaries and the lock too."""
    files = [out, *shards_folder(out).iterdir()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def statuses(rows: list[object]) -> list[str]:
    return [row.status for row in rows]  # type: ignore[attr-defined]


@pytest.mark.promise("goal 4")
def test_a_second_run_computes_nothing_and_changes_no_byte(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(3), tmp_path / "flows.h5"
    assert statuses(prepare(database, out, quick)) == ["computed"] * 3
    before = digest_of(out)
    assert statuses(prepare(database, out, quick)) == ["cached"] * 3
    assert digest_of(out) == before


@pytest.mark.promise("goal 5")
def test_the_bytes_do_not_depend_on_the_number_of_jobs(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = make_database(4)
    prepare(database, tmp_path / "one.h5", quick, jobs=1)
    prepare(database, tmp_path / "two.h5", quick, jobs=2)
    one, two = digest_of(tmp_path / "one.h5"), digest_of(tmp_path / "two.h5")
    assert one.pop("one.h5") == two.pop("two.h5")
    assert one == two


def test_one_bad_clip_costs_one_clip_and_its_reason_travels_with_the_cache(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(3), tmp_path / "flows.h5"
    bad = database.footage[1]
    bad.frames[2].path.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    rows = prepare(database, out, quick, jobs=2)
    assert statuses(rows) == ["computed", "failed", "computed"]
    cache = open_cache(out)
    assert bad.clip.id not in [record.id for record in cache.records]
    [failure] = cache.manifest.failures
    assert failure.id == bad.clip.id
    assert "img98" in failure.reason


@pytest.mark.promise("input 36")
def test_no_index_is_written_when_no_clip_succeeds(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(2), tmp_path / "flows.h5"
    with pytest.raises(PartialError, match="no face"):
        prepare(database, out, quick.model_copy(update={"align": "dlib"}))
    assert not out.exists()


def test_a_damaged_shard_alone_is_made_again(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(3), tmp_path / "flows.h5"
    prepare(database, out, quick)
    before = digest_of(out)
    victim = open_cache(out).shard_path(open_cache(out).records[1])
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 4
    victim.write_bytes(content)
    assert statuses(prepare(database, out, quick)) == ["cached", "computed", "cached"]
    assert digest_of(out) == before


def test_moving_the_database_keeps_the_cache(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    out = tmp_path / "flows.h5"
    prepare(make_database(2), out, quick)
    before = digest_of(out)
    assert statuses(prepare(make_database(2, name="moved"), out, quick)) == ["cached"] * 2
    assert digest_of(out) == before


def test_more_clips_compute_only_the_new_ones_and_fewer_are_refused(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(4), tmp_path / "flows.h5"
    prepare(part_of(database, limit=2), out, quick)
    assert statuses(prepare(database, out, quick)) == ["cached"] * 2 + ["computed"] * 2
    with pytest.raises(ConflictError, match="2 clips that this run would drop"):
        prepare(part_of(database, limit=2), out, quick)
    prepare(part_of(database, limit=2), out, quick, overwrite=True)
    assert len(open_cache(out).records) == 2


def test_other_settings_are_refused_with_their_names(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(1), tmp_path / "flows.h5"
    prepare(database, out, quick)
    other = quick.model_copy(update={"flow_attachment": 0.3})
    with pytest.raises(ConflictError, match=r"flow_attachment was 0\.15, now 0\.3"):
        prepare(database, out, other)
    assert statuses(prepare(database, out, other, overwrite=True)) == ["computed"]


def of_sheet(database: Database, dataset: str, sheet: str) -> Database:
    footage = tuple(
        dataclasses.replace(item, clip=dataclasses.replace(item.clip, dataset=dataset, sheet=sheet))
        for item in database.footage
    )
    return dataclasses.replace(database, name=dataset, sheet=sheet, footage=footage)


@pytest.mark.parametrize(
    ("dataset", "held", "read", "said"),
    [
        ("smic", "vis", "hs", "holds smic, variant vis; this run reads variant hs"),
        ("casme2", "2014", "2019", "holds casme2, sheet of 2014; this run reads sheet of 2019"),
    ],
)
def test_clips_of_the_same_names_from_another_variant_or_sheet_are_not_replaced_silently(
    make_database: Make,
    quick: PrepSettings,
    tmp_path: Path,
    dataset: str,
    held: str,
    read: str,
    said: str,
) -> None:
    database, out = make_database(2), tmp_path / "flows.h5"
    prepare(of_sheet(database, dataset, held), out, quick)
    before = digest_of(out)
    with pytest.raises(ConflictError, match=said):
        prepare(of_sheet(database, dataset, read), out, quick)
    assert digest_of(out) == before
    prepare(of_sheet(database, dataset, read), out, quick, overwrite=True)
    assert {record.clip.sheet for record in open_cache(out).records} == {read}


def test_a_cache_made_with_corrections_is_not_replaced_silently_by_one_without(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    plain, out = make_database(2), tmp_path / "flows.h5"
    first = plain.footage[0].clip.id
    row = Correction(first, "onset", "95", "96", "no such frame", "the frames on disk")
    corrected = dataclasses.replace(plain, corrections=(row,))
    prepare(corrected, out, quick)
    before = digest_of(out)
    with pytest.raises(ConflictError, match="onset was 96, now 95"):
        prepare(plain, out, quick)
    assert digest_of(out) == before
    assert statuses(prepare(corrected, out, quick)) == ["cached"] * 2
    prepare(plain, out, quick, overwrite=True)
    with pytest.raises(ConflictError, match="onset was 95, now 96"):
        prepare(corrected, out, quick)


def test_corrections_of_clips_that_are_new_or_reworded_ones_are_no_conflict(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    whole, out = make_database(3), tmp_path / "flows.h5"
    ids = [item.clip.id for item in whole.footage]
    rows = [Correction(name, "apex", "1", "2", "why", "where") for name in (ids[0], ids[2])]
    part = dataclasses.replace(part_of(whole, limit=2), corrections=(rows[0],))
    prepare(part, out, quick)
    reworded = (dataclasses.replace(rows[0], reason="why, said better"), rows[1])
    prepare(dataclasses.replace(whole, corrections=reworded), out, quick)
    assert len(open_cache(out).records) == 3


def test_an_index_that_still_says_what_it_is_of_is_not_replaced_by_another(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(3), tmp_path / "flows.h5"
    prepare(database, out, quick)
    before = digest_of(out)
    next(shards_folder(out).iterdir()).unlink()
    with pytest.raises(ConflictError, match="2 clips that this run would drop"):
        prepare(part_of(database, limit=1), out, quick)
    prepare(database, out, quick)
    assert digest_of(out) == before
    with edit(out) as file:
        file.attrs["version"] = 99  # of a program to come
    with pytest.raises(ConflictError, match="written in format version 99"):
        prepare(database, out, quick)


@pytest.mark.promise("fault 6")
def test_clips_that_never_end_fail_with_that_reason(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    endless = quick.model_copy(update={"flow_outer": 10**9, "flow_epsilon": 0.0})
    with pytest.raises(PartialError, match=r"none of 2 clips .* took more than 0.01 min"):
        prepare(make_database(2), tmp_path / "flows.h5", endless, jobs=2, clip_minutes=0.01)


def test_a_file_that_is_no_cache_is_not_overwritten(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    out = tmp_path / "thesis.h5"
    out.write_text("five years of work")
    with pytest.raises(ConflictError, match="no cache"):
        prepare(make_database(1), out, quick)
    assert out.read_text() == "five years of work"


def test_nothing_is_written_into_the_database(make_database: Make, quick: PrepSettings) -> None:
    database = make_database(1)
    with pytest.raises(UsageError, match="never written to"):
        prepare(database, database.root / "flows.h5", quick)


@pytest.mark.promise("fault 9")
def test_a_place_where_no_cache_can_lie_is_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_place(Path("flows.h5"))
    with pytest.raises(InputError, match="output folder does not exist"):
        check_place(Path("none/flows.h5"))
    for folder in (Path(), Path(".."), tmp_path):
        with pytest.raises(ConflictError, match="is a folder") as caught:
            check_place(folder)
        assert caught.value.fix == f"give a file: --out {folder / 'flows.h5'}"
    Path("flows.h5.shards").touch()
    with pytest.raises(ConflictError, match="a file lies where the shards go"):
        check_place(Path("flows.h5"))


@pytest.mark.promise("fault 10")
def test_two_runs_on_one_output_do_not_mix(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    out = tmp_path / "flows.h5"
    with lock(tmp_path / "flows.h5.lock"), pytest.raises(ConflictError, match="another process"):
        prepare(make_database(1), out, quick)


def test_unknown_subjects_are_refused(make_database: Make) -> None:
    with pytest.raises(UsageError, match="s9"):
        part_of(make_database(2), subjects=["s9"])
    assert len(part_of(make_database(4, name="b"), subjects=["s1"]).footage) == 2


RUN = """
import sys, pickle
from pathlib import Path
from raicl.preprocess.prepare import prepare
from tests.sealed import edit
database, settings = pickle.loads(Path(sys.argv[1]).read_bytes())
prepare(database, Path(sys.argv[2]), settings, jobs=2)
"""


@pytest.mark.promise("fault 1")
@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.soak)])
def test_a_run_killed_at_random_moments_ends_in_the_same_bytes(
    make_database: Make, quick: PrepSettings, tmp_path: Path, kills: int
) -> None:
    import pickle
    import random

    database = make_database(6)
    slow = quick.model_copy(update={"flow_outer": 10, "flow_inner": 30, "flow_warps": 5})
    job = tmp_path / "job"
    job.write_bytes(pickle.dumps((database, slow)))
    undisturbed, out = tmp_path / "calm.h5", tmp_path / "flows.h5"
    prepare(database, undisturbed, slow)
    rng = random.Random(0)
    folder = shards_folder(out)
    killed = 0
    for _ in range(kills):
        held = sorted(folder.glob("*.h5"))
        for shard in rng.sample(held, len(held) // 2):  # so that there is always work left
            shard.unlink()
        enough = len(held) - len(held) // 2 + rng.randint(0, 2)
        command = [sys.executable, "-c", RUN, str(job), str(out)]
        run = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        while run.poll() is None and len(list(folder.glob("*.h5"))) < enough:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.2))
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            killed += 1
        run.wait()
        if out.exists():
            open_cache(out)  # whole, at any moment
            out.unlink()
    assert killed > kills // 2
    prepare(database, out, slow)
    calm, disturbed = digest_of(undisturbed), digest_of(out)
    assert calm.pop("calm.h5") == disturbed.pop("flows.h5")
    assert calm == disturbed


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was read as a whole."""
    counts: Counter[str] = Counter()
    read = Path.read_bytes

    def counted(path: Path) -> bytes:
        counts[str(path)] += 1
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    return counts


def test_every_frame_is_read_once_whether_it_is_computed_found_or_made_of_another_sampling(
    make_database: Make, quick: PrepSettings, tmp_path: Path, reads: Counter[str]
) -> None:
    database, out = make_database(2), tmp_path / "flows.h5"
    fewer = quick.model_copy(update={"n_frames": 2})
    for settings, status in ((quick, "computed"), (quick, "cached"), (fewer, "reused")):
        reads.clear()
        rows = prepare(database, out, settings, overwrite=True)
        assert [row.status for row in rows] == [status, status]
        assert set(reads.values()) == {1}
        assert len(reads) == 2 * (1 + settings.n_frames)


def test_a_frame_that_changes_after_it_was_read_is_decoded_as_it_was_digested(
    make_database: Make, quick: PrepSettings
) -> None:
    footage = make_database(1).footage[0]
    identity = identify(footage, quick)
    before = process_clip(identity, quick)
    for frame in footage.frames:
        frame.path.write_bytes(b"")
    assert process_clip(identity, quick).digest == before.digest
