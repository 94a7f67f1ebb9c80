"""torch.export: a model as a program that PyTorch runs without the code of raicl."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch.export import Dim, ExportedProgram

from raicl.train.export.answers import Runner, in_torch
from raicl.train.export.deployed import Deployed

INPUT = "instances"
METADATA = "metadata.json"  # the extra file of the archive


@contextmanager
def known_warnings() -> Iterator[None]:
    """Silence what torch 2.6 to 2.8 say of constants in a program, which they then store right."""
    with warnings.catch_warnings():
        for message in (
            "Attempted to insert a get_attr Node with no underlying reference",
            r"Node lifted_tensor_\d+ target lifted_tensor_\d+ .* does not reference an nn\.Module",
        ):
            warnings.filterwarnings("ignore", message, UserWarning)
        yield


def trace(deployed: Deployed) -> ExportedProgram:
    """The program of a model, for any number of instances at a time."""
    # of three instances: of one, torch could take 1 for the only size of a batch
    example = torch.zeros(3, 3, deployed.crop, deployed.crop)
    program = torch.export.export(
        deployed, (example,), dynamic_shapes={INPUT: {0: Dim("batch")}}, strict=False
    )
    # they are stored; of these it is a single number
    program.example_inputs = (torch.zeros(()).expand_as(example),), {}
    for module in program.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            node.meta.pop("stack_trace", None)  # names folders of this machine
    return program


def encode(deployed: Deployed, metadata: Mapping[str, str]) -> bytes:
    """The bytes of a ``.pt2`` file. Its extra file ``metadata.json`` holds the metadata."""
    content = io.BytesIO()
    told = json.dumps(dict(metadata), indent=2)
    with known_warnings():
        torch.export.save(trace(deployed), content, extra_files={METADATA: told})
    return content.getvalue()


def load(content: bytes, threads: int) -> Runner:
    """Run the program of a file. Torch's number of threads is that of the process."""
    with known_warnings():
        return in_torch(torch.export.load(io.BytesIO(content)).module())
