"""The cache is read back whole, or refused with a reason."""

import dataclasses
import errno
import fcntl
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, shards_folder, write_index
from raicl.common.cache.hdf5 import replacing
from raicl.common.cache.index_file import store_manifest
from raicl.common.cache.manifest import Reason
from raicl.common.cache.opening import read_manifest
from raicl.common.cache.packing import pack
from raicl.common.errors import HeldError, InputError
from tests.sealed import edit


def test_what_was_written_is_read(flows: Path) -> None:
    cache = open_cache(flows)
    assert [record.id for record in cache.records] == [
        "casme2/sub00/EP0",
        "casme2/sub00/EP1",
        "casme2/sub01/EP2",
        "casme2/sub01/EP3",
    ]
    assert cache.records[0].clip.apex is None
    assert cache.records[1].clip.apex == 6
    assert cache.size == 16
    assert cache.manifest.failures == (Reason(id="casme2/sub09/EP03", reason="no face"),)
    shard = cache.read(cache.records[1])
    assert shard.instances.shape == (3, 3, 16, 16)
    assert shard.flags == ("face-padded",)


def test_writing_the_same_index_again_gives_the_same_bytes(flows: Path) -> None:
    before, cache = flows.read_bytes(), open_cache(flows)
    write_index(
        flows,
        cache.records,
        size=cache.size,
        settings=cache.settings,
        skipped=cache.manifest.skipped,
        failures=cache.manifest.failures,
    )
    assert flows.read_bytes() == before


def test_a_cache_can_be_sent_to_another_process(flows: Path) -> None:
    cache = pickle.loads(pickle.dumps(open_cache(flows)))
    assert cache.read(cache.records[0]).size == 16


def test_a_packed_cache_holds_the_same_and_needs_no_shards(flows: Path, tmp_path: Path) -> None:
    cache, one = open_cache(flows), tmp_path / "one.h5"
    pack(cache, one)
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    shutil.move(one, alone / "one.h5")
    packed = open_cache(alone / "one.h5")
    assert packed.packed
    assert packed.digest == cache.digest
    for record in cache.records:
        np.testing.assert_array_equal(packed.read(record).instances, cache.read(record).instances)


@pytest.mark.promise("fault 16")
def test_a_missing_shard_is_an_error_that_names_the_clip(flows: Path) -> None:
    first, second, *_ = open_cache(flows).records[2:]
    (shards_folder(flows) / first.shard).unlink()
    with pytest.raises(InputError, match="casme2/sub01/EP2: its shard is missing") as caught:
        open_cache(flows)
    assert caught.value.what.endswith("is missing")
    (shards_folder(flows) / second.shard).unlink()
    with pytest.raises(InputError, match="EP2: its shard is missing, and 1 others"):
        open_cache(flows)


def test_a_cache_is_told_in_one_line(flows: Path) -> None:
    assert repr(open_cache(flows)) == f"Cache('{flows}': 4 clips of 2 subjects, casme2, 16 px)"
    with open_cache(flows) as cache:
        assert cache.at(Path("x")).records == cache.records


def test_a_value_of_another_type_in_a_manifest_is_refused(flows: Path) -> None:
    content = read_manifest(flows)
    for right, wrong in ((b'"size":16', b'"size":"16"'), (b'"middle":1', b'"middle":1.0')):
        with replacing(flows) as file:
            store_manifest(file, content.replace(right, wrong), 1)
        with pytest.raises(InputError, match="does not say what it should"):
            open_cache(flows)


@pytest.mark.promise("fault 16")
def test_swapped_shards_are_refused(flows: Path) -> None:
    cache = open_cache(flows)
    first, second = (cache.shard_path(record) for record in cache.records[:2])
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    with pytest.raises(InputError, match="digest"):
        cache.read(cache.records[0])


@pytest.mark.promise("fault 14", "input 52", "input 53", "input 54")
def test_other_files_are_refused_by_name(flows: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as file:
        file["x"] = np.zeros(3)
    text = tmp_path / "text.h5"
    text.write_text("flows")
    for path, reason in (
        (foreign, "another kind"),
        (text, "not a readable HDF5"),
        (tmp_path, "a folder"),
        (tmp_path / "none.h5", "no such cache"),
    ):
        with pytest.raises(InputError, match=reason):
            open_cache(path)


@pytest.mark.promise("input 55")
def test_a_newer_version_is_refused_with_both_numbers(flows: Path) -> None:
    with edit(flows) as file:
        file.attrs["version"] = 99
    with pytest.raises(InputError, match=r"version 99.*up to 3"):
        open_cache(flows)


def test_a_shard_name_that_leaves_the_folder_is_refused(flows: Path) -> None:
    cache = open_cache(flows)
    first, *others = cache.records
    leaving = dataclasses.replace(first, shard=f"../../{flows.name}")
    write_index(flows, [leaving, *others], size=cache.size, settings={})
    with pytest.raises(InputError, match="unsafe shard name"):
        open_cache(flows)


def test_a_symbolic_link_to_an_index_is_the_cache_that_it_leads_to(
    flows: Path, tmp_path: Path
) -> None:
    link = tmp_path / "elsewhere" / "link.h5"
    link.parent.mkdir()
    link.symlink_to(flows)
    cache, linked = open_cache(flows), open_cache(link)
    assert linked.digest == cache.digest
    for record in linked.records:
        np.testing.assert_array_equal(linked.read(record).instances, cache.read(record).instances)
    write_index(link, cache.records[:1], size=cache.size, settings=cache.settings)
    assert link.is_symlink()
    assert len(open_cache(flows).records) == 1


def test_a_file_that_is_open_elsewhere_for_writing_is_not_called_damaged(flows: Path) -> None:
    script = (
        "import h5py, sys\nwith h5py.File(sys.argv[1], 'r+'):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(flows)]
    with subprocess.Popen(command, stdin=-1, stdout=-1) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(HeldError, match="another program has this file open for writing"):
            open_cache(flows)
        holder.communicate()
    open_cache(flows)


def refuse_locks(number: int) -> Callable[[int, int], None]:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_file_system_without_locks_is_read_without_one(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = open_cache(flows)
    monkeypatch.setattr(fcntl, "flock", refuse_locks(errno.ENOLCK))
    assert len(open_cache(flows).records) == 4
    assert cache.read(cache.records[0]).size == 16


def test_a_packed_cache_is_read_without_locks_where_there_are_none(
    flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(open_cache(flows), tmp_path / "one.h5")
    cache = open_cache(tmp_path / "one.h5")
    really, asked = h5py.File, []

    def refuse(path: Path, mode: str, **options: object) -> h5py.File:
        asked.append(options)
        if not options:
            message = "Unable to synchronously open file (unable to lock file, errno = 37, ...)"
            raise OSError(37, message)
        return really(path, mode, **options)

    monkeypatch.setattr(h5py, "File", refuse)
    assert cache.read(cache.records[0]).size == 16
    assert asked[:2] == [{}, {"locking": False}]


def test_a_lock_that_fails_for_another_reason_is_not_put_on_another_program(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", refuse_locks(errno.EIO))
    with pytest.raises(InputError, match="the index cannot be read: Input/output error"):
        open_cache(flows)
