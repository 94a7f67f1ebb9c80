"""Memory is that of the container or batch job, where it is less than the machine's."""

import os
from pathlib import Path

import pytest

from raicl.common.memory import all_memory, free_memory

GB = 1 << 30


def machine(root: Path, group: str, *, available: int = 1000 * GB) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(group)
    (root / "proc/meminfo").write_text(
        f"MemTotal: 1 kB\nMemAvailable: {available // 1024} kB\nHugePages_Total: 0\n"
    )


def allow(folder: Path, limit: str, used: int, files: int, *, version: int = 2) -> None:
    names = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("memory.max", "memory.current", "inactive_file"),
    }[version]
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, (limit, used, files), strict=True):
        if name.startswith("memory."):
            (folder / name).write_text(f"{content}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {files}\n")


@pytest.mark.parametrize(
    ("version", "group", "place"),
    [
        (2, "0::/slurm/job_7\n", "slurm/job_7"),
        (2, "0::/slurm/job_7/step_0\n", "slurm/job_7"),  # a group inside it has no limit
        (2, "0::/\n", ""),  # a container that sees its own groups alone
        (2, "1:name=systemd:/\n0::/a\n", "unified/a"),
        (2, "0::/a:b:c\n", "a:b:c"),
        (1, "3:cpu,cpuacct:/x\n2:memory:/slurm/job_7\n", "memory/slurm/job_7"),
        (1, "2:hugetlb,memory:/docker/0a1b\n0::/\n", "memory"),  # the path is the host's
    ],
)
def test_a_limit_is_found_wherever_it_is_set(
    tmp_path: Path, version: int, group: str, place: str
) -> None:
    machine(tmp_path, group)
    allow(tmp_path / "sys/fs/cgroup" / place, str(4 * GB), 3 * GB, GB // 2, version=version)
    assert all_memory(tmp_path) == min(4 * GB, all_memory(tmp_path / "nothing"))
    assert free_memory(tmp_path) == GB + GB // 2


def test_the_least_of_several_limits_counts_and_none_below_nothing(tmp_path: Path) -> None:
    machine(tmp_path, "0::/outer/inner\n")
    groups = tmp_path / "sys/fs/cgroup"
    allow(groups / "outer/inner", "max", 0, 0)
    allow(groups / "outer", str(GB), 2 * GB, GB // 2)
    allow(groups, str(2 * GB), GB, 0)
    assert all_memory(tmp_path) == GB
    assert free_memory(tmp_path) == 0


def test_without_a_limit_it_is_the_machine_s(tmp_path: Path) -> None:
    machine(tmp_path, "0::/user\n2:memory:/\n", available=5 * GB)
    allow(tmp_path / "sys/fs/cgroup/memory", str(2**63 - 4096), GB, 0, version=1)
    assert free_memory(tmp_path) == 5 * GB
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert all_memory(tmp_path) == whole
    assert free_memory(tmp_path / "nothing") == whole // 2


def test_of_this_machine_some_is_free() -> None:
    assert 0 < free_memory() <= all_memory()


def test_without_a_word_about_files_all_that_is_used_counts(tmp_path: Path) -> None:
    machine(tmp_path, "0::/\n")
    groups = tmp_path / "sys/fs/cgroup"
    allow(groups, str(4 * GB), GB, 0)
    (groups / "memory.stat").write_text("anon 5\n")
    assert free_memory(tmp_path) == 3 * GB
