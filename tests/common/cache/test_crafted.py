"""Files of somebody with bad intentions, rightly sealed: refused, and before they take memory."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, shards_folder
from raicl.common.cache.hdf5 import replacing
from raicl.common.cache.index_file import store_manifest
from raicl.common.cache.opening import read_manifest
from raicl.common.cache.packing import pack
from raicl.common.cache.seal import BLOCK, seal_file
from raicl.common.clip import Clip
from tests.common.conftest import write_flows
from tests.sealed import edit

MOST = 200  # MB that a crafted file may take
SHAPE = (3, 3, 16, 16)

Craft = Callable[[h5py.File, str], None]


def _external_link(file: h5py.File, other: str) -> None:
    file["instances"] = h5py.ExternalLink(other, "/instances")


def _soft_link(file: h5py.File, other: str) -> None:
    file["instances"] = h5py.SoftLink("/frames")


def _external_storage(file: h5py.File, other: str) -> None:
    file.create_dataset("instances", SHAPE, np.float16, external=[(other, 0, 4608)])


def _virtual(file: h5py.File, other: str) -> None:
    layout = h5py.VirtualLayout(SHAPE, np.float16)
    layout[:] = h5py.VirtualSource(other, "instances", SHAPE)
    file.create_virtual_dataset("instances", layout)


def _shape_bomb(file: h5py.File, other: str) -> None:
    shape, chunks = (10**6, 3, 1000, 1000), (1, 3, 100, 100)
    file.create_dataset("instances", shape, np.float16, chunks=chunks)


def _gzip_bomb(file: h5py.File, other: str) -> None:
    zeros = np.zeros((100, 3, 200, 200), np.float16)
    file.create_dataset("instances", data=zeros, compression="gzip")


def _chunk_bomb(file: h5py.File, other: str) -> None:
    """One stored chunk of a dataset whose chunks are far larger than its shape."""
    file.create_dataset(
        "instances",
        SHAPE,
        np.float16,
        chunks=(100, 3, 200, 200),
        maxshape=(None, 3, None, None),
        compression="gzip",
    )[0, 0, 0, 0] = 1


def _unknown_filter(file: h5py.File, other: str) -> None:
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_chunk((1, *SHAPE[1:]))
    made.set_filter(40000, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple(SHAPE)
    made = h5py.h5d.create(file.id, b"instances", h5py.h5t.IEEE_F16LE, space, made)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.zeros(SHAPE, np.float16))


def _scaled(file: h5py.File, other: str) -> None:
    file.create_dataset("instances", data=np.zeros(SHAPE, np.float16), shuffle=True)


def _objects(file: h5py.File, other: str) -> None:
    file.create_dataset("instances", SHAPE, dtype=h5py.string_dtype())


def _sequences(file: h5py.File, other: str) -> None:
    file.create_dataset("instances", SHAPE, dtype=h5py.vlen_dtype(np.float16))


def _group(file: h5py.File, other: str) -> None:
    file["instances"] = file["/"]  # of itself


def _large_attribute(file: h5py.File, other: str) -> None:
    file["instances"] = np.zeros(SHAPE, np.float16)
    file.attrs.create("flags", np.zeros(60_000, np.uint8))


def _long_text(file: h5py.File, other: str) -> None:
    file["instances"] = np.zeros(SHAPE, np.float16)
    file.attrs.create("flags", b"x", dtype="S60000")


def _text_of_references(file: h5py.File, other: str) -> None:
    file["instances"] = np.zeros(SHAPE, np.float16)
    file.attrs["flags"] = file["/"].ref


def _many_attributes(file: h5py.File, other: str) -> None:
    for number in range(500):
        file.attrs[f"a{number}"] = number


SHARDS: dict[str, Craft] = {
    made.__name__[1:]: made
    for made in (
        *(_external_link, _soft_link, _external_storage, _virtual, _shape_bomb, _gzip_bomb),
        *(_chunk_bomb, _unknown_filter, _scaled, _objects, _sequences, _group),
        *(_large_attribute, _long_text, _text_of_references, _many_attributes),
    )
}


def shards(flows: Path) -> None:
    """Each clip with another crafted shard."""
    cache = open_cache(flows)
    other = str(cache.shard_path(cache.records[-1]))
    for record, craft in zip(cache.records, SHARDS.values(), strict=False):
        with edit(cache.shard_path(record)) as file:
            del file["instances"]
            craft(file, other)


def swollen(flows: Path) -> None:
    """A shard that is larger than its clip can be: a file of holes, sealed."""
    path = open_cache(flows).shard_path(open_cache(flows).records[0])
    with path.open("r+b") as stream:
        stream.truncate(40 << 20)
    seal_file(path)


def huge_text(flows: Path) -> None:
    """An attribute such as only the newest formats of HDF5 hold."""
    path = open_cache(flows).shard_path(open_cache(flows).records[0])
    old = path.with_suffix(".old")
    path.rename(old)
    options = {"libver": "latest", "userblock_size": BLOCK}
    with h5py.File(old) as source, h5py.File(path, "w", **options) as file:
        for name in source:
            source.copy(name, file)
        for name, value in source.attrs.items():
            file.attrs[name] = value
        file.attrs.create("flags", b"x", dtype="S900000")
    old.unlink()
    seal_file(path)


def hollow_index(flows: Path) -> None:
    with flows.open("r+b") as stream:
        stream.truncate(40 << 20)
    seal_file(flows)


def rewrite(flows: Path, change: Callable[[bytes], bytes]) -> None:
    content = change(read_manifest(flows))
    with replacing(flows) as file:
        store_manifest(file, content, 1)


def frames(flows: Path, count: int) -> None:
    """Numbers take far more memory than their digits."""
    rewrite(flows, lambda m: m.replace(b"[5,6,7]", b"[" + b"300," * count + b"999]", 1))


def nested(flows: Path) -> None:
    rewrite(flows, lambda m: b'{"x":' + b"[" * 10**6 + b"]" * 10**6 + b"," + m[1:])


def unknown_values(flows: Path) -> None:
    rewrite(flows, lambda m: b'{"x":[' + b"{}," * 5_000_000 + b"1]," + m[1:])


def long_number(flows: Path) -> None:
    rewrite(flows, lambda m: m.replace(b'"size":16', b'"size":' + b"9" * 10**6))


def large_side(flows: Path) -> None:
    """An index that declares so much that every file fits it."""
    rewrite(flows, lambda m: m.replace(b'"size":16', b'"size":100000'))
    swollen(flows)


def packed_in_itself(flows: Path) -> None:
    """A packed cache whose groups contain each other."""
    cache = open_cache(flows)
    pack(cache, flows.with_name("one.h5"))
    flows.with_name("one.h5").replace(flows)
    with edit(flows) as file:
        del file[f"shards/{cache.records[0].shard}"]
        file[f"shards/{cache.records[0].shard}"] = file["shards"]
        file["shards/round"] = file["/"]


def packed_elsewhere(flows: Path) -> None:
    cache = open_cache(flows)
    pack(cache, flows.with_name("one.h5"))
    flows.with_name("one.h5").replace(flows)
    with edit(flows) as file:
        del file["shards"]
        file["shards"] = h5py.ExternalLink("other.h5", "/")
    shards_folder(flows).rename(flows.with_name("elsewhere"))


CRAFTS: dict[str, Callable[[Path], None]] = {
    "shards": shards,
    "swollen": swollen,
    "huge_text": huge_text,
    "hollow_index": hollow_index,
    "some_frames": lambda flows: frames(flows, 900_000),
    "many_frames": lambda flows: frames(flows, 4_000_000),
    "nested": nested,
    "unknown_values": unknown_values,
    "long_number": long_number,
    "large_side": large_side,
    "packed_in_itself": packed_in_itself,
    "packed_elsewhere": packed_elsewhere,
}

READ = """
import json, resource, sys
from pathlib import Path
from raicl.common.cache.flows import open_cache
from raicl.common.cache.validation import survey
from raicl.common.errors import InputError

def read(flows):
    cache = open_cache(flows)
    for record in cache.records:
        try:
            cache.read(record)
        except InputError as error:
            yield record.clip.name, error

def validate(flows):
    for fault in survey(flows).faults:
        yield fault.id.split("/")[-1], fault.error

def peak():
    [line] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024

def children():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024

first, *others = map(Path, sys.argv[1:])
assert not [*read(first), *validate(first)]
before = children()
for flows in others:
    for way in (read, validate):
        open("/proc/self/clear_refs", "w").write("5")
        least, found = peak(), {}
        try:
            found = {name: [e.what, e.where, e.fix] for name, e in way(flows)}
        except InputError as e:
            found[""] = [e.what, e.where, e.fix]
        row = {"found": found, "grown": peak() - least, "children": children() - before}
        print(json.dumps(row | {"name": flows.parent.name, "way": way.__name__}), flush=True)
"""


class Refusals(NamedTuple):
    """By clip, or by nothing for the whole cache: what, where, fix; and MB here and elsewhere."""

    found: dict[str, tuple[str, str, str]]
    grown: float
    children: float


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Refusals]:
    """What reading and validating each crafted cache said, and the memory that it took."""
    folder, paths = tmp_path_factory.mktemp("crafted"), []
    for name, craft in {"whole": lambda flows: None, **CRAFTS}.items():
        names = [*SHARDS, "whole"] if name == "shards" else ["crafted", "whole"]
        clips = [
            Clip(dataset="d", subject="s", name=clip, emotion="e", onset=4, offset=9, fps=200.0)
            for clip in names
        ]
        (folder / name).mkdir()
        paths.append(write_flows(folder / name / "flows.h5", clips))
        craft(paths[-1])
    answer = subprocess.run(
        [sys.executable, "-c", READ, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert answer.returncode == 0, answer.stderr
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    return {(r.pop("name"), r.pop("way")): Refusals(**r) for r in rows}


@pytest.mark.promise("fault 15", "goal 11")
@pytest.mark.parametrize("way", ["read", "validate"])
@pytest.mark.parametrize("name", CRAFTS)
def test_a_crafted_cache_is_refused_with_a_remedy_and_little_memory(
    refusals: dict[tuple[str, str], Refusals], name: str, way: str
) -> None:
    refused = refusals[name, way]
    whole = {"shards": set(SHARDS)}.get(name, {"", "crafted", "whole"})
    assert refused.found
    assert refused.found.keys() <= whole
    assert all(where and fix for _, where, fix in refused.found.values())
    assert refused.grown < MOST
    assert refused.children < MOST


@pytest.mark.promise("fault 15")
@pytest.mark.parametrize("way", ["read", "validate"])
def test_each_crafted_shard_is_refused_and_the_whole_one_is_not(
    refusals: dict[tuple[str, str], Refusals], way: str
) -> None:
    assert refusals["shards", way].found.keys() == set(SHARDS)
