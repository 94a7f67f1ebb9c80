"""Dataset: the clips of caches for a loop of one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from raicl.common.terminal.wording import clips_of_subjects
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.inputs.geometry import resize_instances
from raicl.train.inputs.instances import read_clip

Item = tuple[Tensor, int, str]


class InstanceDataset(Dataset[Item]):
    """The labelled clips of one or several caches: ``(instances, label, subject)``.

    Instances are raw (u px, v px, ε), float32 (N, 3, S, S), those that are trained on. Clips may
    differ in N, so give a DataLoader ``batch_size=None``, or a ``collate_fn``. No file is kept
    open: workers may copy the dataset. Each clip is verified whenever it is read. Never split by
    clip: the ``subject``, as ``dataset/subject``, is the unit that is held out.

    Parameters
    ----------
    flows : caches of ``raicl-prep``.
    protocol : decides the classes. Clips outside of it are left out.
    size : side that the instances are resized to, px. None leaves them as they are.

    Attributes
    ----------
    classes : class names, in the order of the labels.
    records : clips in the order of the items, each with its cache.
    labels, subjects : of the items, without reading them.

    Raises
    ------
    UsageError : no such protocol.
    InputError : a cache is unusable or the caches do not fit together. When an item is read: its
        shard is damaged, or holds a NaN or an infinity.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> from raicl.train import InstanceDataset
    >>> dataset = InstanceDataset("flows.h5")
    >>> instances, label, subject = dataset[0]
    >>> instances.shape, dataset.classes[label], subject
    (torch.Size([6, 3, 33, 33]), 'negative', 'casme2/sub01')
    >>> for instances, label, subject in DataLoader(dataset, batch_size=None, shuffle=True):
    ...     pass
    """

    def __init__(
        self,
        flows: Path | str | Sequence[Path | str],
        *,
        protocol: str = "cde",
        size: int | None = None,
    ) -> None:
        paths = [flows] if isinstance(flows, str | Path) else flows
        composite = compose([Path(path) for path in paths], load_protocol(protocol))
        self.protocol, self.classes = protocol, composite.classes
        self.records = tuple(composite.records.values())
        self.labels = tuple(composite.labels[record.id] for _, record in self.records)
        self.subjects = tuple(record.subject_key for _, record in self.records)
        self.size = composite.caches[0].size if size is None else size

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Item:
        cache, record = self.records[index]
        stored = torch.from_numpy(read_clip(cache, record).instances[list(record.train_rows)])
        instances = resize_instances(stored, self.size).float()
        return instances, self.labels[index], self.subjects[index]

    def __repr__(self) -> str:
        counts = Counter(self.labels)
        classes = ", ".join(f"{counts[n]} {name}" for n, name in enumerate(self.classes))
        whole = clips_of_subjects(len(self), len(set(self.subjects)))
        return f"InstanceDataset({whole}, {self.size} px; {self.protocol}: {classes})"
