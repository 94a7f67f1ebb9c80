"""One memory for all processes that are given the instances."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from raicl.common.cache.flows import StoredClip, open_cache
from raicl.common.errors import ResourceError
from raicl.train.inputs.instances import Instances, load_instances
from raicl.train.inputs.resident import Resident
from raicl.train.inputs.unnamed import can_share

CPU = torch.device("cpu")
SHAPE = (50, 3, 40, 40)
N_BYTES = 2 * 50 * 3 * 40 * 40


def filled(*, shared: bool, device: torch.device = CPU) -> tuple[Resident, torch.Tensor]:
    rows = torch.randn(SHAPE).half()
    resident = Resident.empty(SHAPE, device, shared=shared)
    resident.put(slice(0, 50), rows)
    return resident, rows


# what another process makes of it: the rows, and how many bytes of the mapping are its own
OTHER = """
import pickle, re, sys, torch
resident = pickle.loads(sys.stdin.buffer.read())
rows = resident.take(torch.arange(50)).cpu().clone()
smaps = open("/proc/self/smaps").read().split("memfd:instances", 1)
own = -1 if len(smaps) == 1 else 1024 * sum(
    int(size) for size in re.findall(r"(?:Private_Dirty|Swap):\\s+(\\d+)", smaps[1])[:2]
)
resident._instances.fill_(0)
sys.stdout.buffer.write(pickle.dumps((rows, own)))
"""


def in_another_process(resident: Resident) -> tuple[torch.Tensor, int]:
    answer = subprocess.run(
        [sys.executable, "-c", OTHER], input=pickle.dumps(resident), capture_output=True, check=True
    )
    rows, own = pickle.loads(answer.stdout)
    return rows, own


@pytest.mark.skipif(not can_share(CPU), reason="needs Linux")
def test_another_process_reads_the_same_memory_and_cannot_change_it() -> None:
    resident, rows = filled(shared=True)
    seen, own = in_another_process(resident)
    assert torch.equal(seen, rows)
    assert own == 0  # nothing of the mapping is a copy
    assert torch.equal(resident.take(torch.arange(50)), rows)
    resident.close()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_another_process_reads_the_same_memory_of_a_gpu() -> None:
    resident, rows = filled(shared=True, device=torch.device("cuda"))
    seen, _ = in_another_process(resident)
    torch.cuda.synchronize()
    assert torch.equal(seen, rows)
    assert not resident.take(
        torch.arange(50)
    ).any()  # the other process has zeroed this very memory


@pytest.mark.skipif(not can_share(CPU), reason="needs Linux")
def test_a_handle_is_small_and_of_no_use_after_it_is_closed() -> None:
    resident, rows = filled(shared=True)
    handle = pickle.dumps(resident)
    assert len(handle) < 1000 < N_BYTES
    same = pickle.loads(handle)
    resident.put(slice(0, 1), torch.ones(1, *SHAPE[1:]))
    assert same.take(torch.tensor([0])).eq(1).all()
    before = len(list(Path("/proc/self/fd").iterdir()))
    resident.close()
    assert before - len(list(Path("/proc/self/fd").iterdir())) == 1
    assert torch.equal(same.take(torch.tensor([7]))[0], rows[7])  # who has it keeps it
    with pytest.raises(RuntimeError):
        pickle.loads(handle)


def test_instances_of_one_process_are_not_handed_over() -> None:
    resident, _ = filled(shared=False)
    with pytest.raises(TypeError, match="this process alone"):
        pickle.dumps(resident)


@pytest.mark.parametrize("shared", [False, True])
def test_more_than_any_memory_is_refused_with_what_to_do(shared: bool) -> None:
    with pytest.raises(ResourceError, match="do not fit") as refused:
        Resident.empty((2**40, 3, 225, 225), CPU, shared=shared)
    assert refused.value.fix == "give --instances stream"


@pytest.mark.skipif(not can_share(CPU), reason="needs Linux")
@pytest.mark.parametrize("where", ["device", "stream"])
def test_instances_go_to_another_process_as_a_whole(flows: Path, where: str) -> None:
    cache = open_cache(flows)
    sources = [StoredClip(cache, record) for record in cache.records]
    given: Instances = load_instances(sources, size=17, device=CPU, where=where, shared=True)  # type: ignore[arg-type]
    taken: Instances = pickle.loads(pickle.dumps(given))
    rows = torch.tensor([0, 5, 5, 11])
    assert torch.equal(taken.gather(rows), given.gather(rows))
    assert (taken.rows, taken.middle) == (given.rows, given.middle)
    assert taken.strength.tolist() == given.strength.tolist()
    taken.close()
    given.close()
