"""The dataset gives what the cache holds and what training gathers, also in workers."""

import doctest
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import raicl.train
from raicl.common.cache.flows import open_cache, shards_folder
from raicl.common.cache.packing import pack
from raicl.common.errors import InputError
from raicl.train import InstanceDataset
from raicl.train.fold import dataset as module
from raicl.train.inputs.instances import load_instances
from tests.train.caches import write_cache
from tests.train.harness import CPU


def test_an_item_is_a_clip_of_the_cache_and_what_training_gathers(flows: Path) -> None:
    for size in (None, 48):
        dataset = InstanceDataset(flows, size=size)
        gathered = load_instances(dataset.records, size=size or 33, device=CPU, where="device")
        assert len(dataset) == 9
        for index, (cache, record) in enumerate(dataset.records):
            instances, label, subject = dataset[index]
            assert instances.dtype == torch.float32
            expected = gathered.gather(torch.tensor(gathered.rows[record.id]))
            assert torch.equal(instances, expected)
            if size is None:
                assert np.array_equal(instances.numpy(), cache.read(record).instances)
            assert (label, subject) == (dataset.labels[index], record.subject_key)
            assert subject == dataset.subjects[index]
    assert {dataset.classes[label] for label in dataset.labels} == set(dataset.classes)


def test_workers_read_the_same_from_a_packed_cache(flows: Path, tmp_path: Path) -> None:
    pack(open_cache(flows), tmp_path / "one.h5")
    dataset = InstanceDataset(str(tmp_path / "one.h5"))
    copied = pickle.loads(pickle.dumps(dataset))
    loaded = DataLoader(copied, batch_size=None, num_workers=1, multiprocessing_context="spawn")
    found = list(loaded)
    assert len(found) == len(dataset)
    for index, (instances, label, subject) in enumerate(found):
        assert torch.equal(instances, dataset[index][0])
        assert (label, subject) == dataset[index][1:]


def test_a_damaged_shard_and_caches_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    first, second = write_cache(tmp_path / "a.h5"), write_cache(tmp_path / "b.h5")
    with pytest.raises(InputError, match="is in two caches"):
        InstanceDataset([first, second])
    dataset = InstanceDataset(first)
    shard = shards_folder(first) / dataset.records[0].record.shard
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(InputError, match="a shard"):
        dataset[0]


def test_what_a_notebook_shows(flows: Path) -> None:
    dataset = InstanceDataset(flows)
    assert repr(dataset) == (
        "InstanceDataset(9 clips of 3 subjects, 33 px; cde: 3 negative, 3 positive, 3 surprise)"
    )
    with open_cache(flows) as cache:
        assert repr(cache) == f"Cache('{flows}': 9 clips of 3 subjects, casme2, 33 px)"
        assert repr(cache.records[0]) == (
            "ClipRecord(casme2/sub01/EP01: disgust, 6 instances of frames 11 to 16, middle 3)"
        )


def test_the_example_of_its_docstring_runs(
    flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [found] = doctest.DocTestFinder().find(
        module.InstanceDataset, "InstanceDataset", globs={}, module=module
    )[:1]
    assert len(found.examples) > 4
    assert doctest.DocTestRunner(verbose=False).run(found).failed == 0


def test_a_name_that_stage_2_does_not_have_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'load_modle'"):
        raicl.train.load_modle  # noqa: B018
