"""An HDF5 file as text: its attributes and datasets, without their values."""

from __future__ import annotations

from pathlib import Path

import h5py


def show_file(path: Path, *, name: str) -> str:
    """The tree of a file under `name`: ``@`` marks attributes, the others are datasets."""
    with h5py.File(path) as file:
        return "\n".join([name, *_show_group(file, "  ")]) + "\n"


def _show_group(group: h5py.Group, indent: str) -> list[str]:
    names = [*(f"@{key}" for key in group.attrs), *group]
    width = max(map(len, names), default=0)
    lines = [
        f"{indent}{f'@{key}':<{width}}  {_show_value(value)}" for key, value in group.attrs.items()
    ]
    for key, member in group.items():
        if isinstance(member, h5py.Dataset):
            lines.append(f"{indent}{key:<{width}}  {_show_dataset(member)}")
        else:
            lines += [f"{indent}{key}/", *_show_group(member, indent + "  ")]
    return lines


def _show_value(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _show_dataset(dataset: h5py.Dataset) -> str:
    facts = [f"{dataset.dtype} {dataset.shape}"]
    if dataset.chunks is not None:
        facts.append(f"chunks {dataset.chunks}")
    if dataset.fletcher32:
        facts.append("fletcher32")
    return "  ".join(facts)
