"""What is said before a cluster is there, and how its units are counted."""

import socket
import sys
from pathlib import Path

import pytest

from raicl.common.cluster.client import Cluster, Machine, connected
from raicl.common.cluster.pact import Pact
from raicl.common.errors import SetupError


def cluster_of(*machines: Machine) -> Cluster:
    return Cluster(None, "tcp://here:1", Pact({}, {}), Path("meeting"), "topic", machines)


def test_without_the_extra_its_name_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(SetupError, match="dask cannot be imported") as caught,
        connected("tcp://127.0.0.1:1", beside=tmp_path, files=[]),
    ):
        pass
    assert caught.value.fix == "pip install 'raicl[cluster]'"


def test_a_port_where_nobody_answers_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raicl.common.cluster.client._CONNECT_SECONDS", 0.5)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with (
            pytest.raises(SetupError, match="no scheduler of Dask answers") as caught,
            connected(address, beside=tmp_path, files=[]),
        ):
            pass
    assert caught.value.where == address
    assert list(tmp_path.iterdir()) == []


def test_units_are_counted_by_machine() -> None:
    even = cluster_of(Machine("a", 1), Machine("a", 1), Machine("b", 1))
    assert (even.slots, even.slots_of_a_machine) == (3, 2)
    crowded = cluster_of(Machine("a", 4))
    assert (crowded.slots, crowded.slots_of_a_machine) == (4, 4)
