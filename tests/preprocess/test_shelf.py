"""What a process of a run knows of the shards in the folder."""

import pickle
from pathlib import Path

from raicl.preprocess.shelf import Shelf

BASE, OTHER = "a" * 24, "b" * 24


def put(folder: Path, base: str, rest: str) -> str:
    name = f"{base}-{rest * 24}.h5"
    (folder / name).touch()
    return name


def test_a_run_knows_the_shards_it_began_with_and_those_it_adds(tmp_path: Path) -> None:
    second, first = put(tmp_path, BASE, "2"), put(tmp_path, BASE, "1")
    put(tmp_path, OTHER, "3")
    shelf = Shelf.of(tmp_path)
    digest = BASE + "f" * 40  # a base is longer than what names hold of it
    assert [path.name for path in shelf.of_base(digest)] == [first, second]
    added = put(tmp_path, BASE, "4")
    assert len(shelf.of_base(digest)) == 2  # of another process
    shelf.add(added)
    assert shelf.of_base(digest)[-1] == tmp_path / added
    assert pickle.loads(pickle.dumps(shelf)).of_base(digest)[-1] == tmp_path / added
    assert shelf.of_base("c" * 64) == []


def test_the_next_run_looks_again(tmp_path: Path) -> None:
    shelf = Shelf.of(tmp_path)
    assert shelf.of_base(BASE) == []
    name = put(tmp_path, BASE, "1")
    assert [path.name for path in Shelf.of(tmp_path).of_base(BASE)] == [name]
