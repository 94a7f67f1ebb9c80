"""The folders of a tree."""

from pathlib import Path

from raicl.data.disk.nesting import Tree
from raicl.data.disk.tree import subfolders


def test_a_subjects_clips_are_listed_once_however_many_rows_ask(tmp_path: Path) -> None:
    for name in ("c2", "c10", "c1"):
        (tmp_path / "s1" / name).mkdir(parents=True)
    tree = Tree(tmp_path, subfolders(tmp_path), tmp_path)
    assert list(tree.clips("s1")) == ["c1", "c2", "c10"]
    assert tree.clips("s1") is tree.clips("s1")
    assert tree.clips("s2") == {}
    assert tree == Tree(tmp_path, subfolders(tmp_path), tmp_path)  # whatever either has listed
