"""READ FIRST. ``raicl export``: encode, compare with PyTorch, time, and only then write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from raicl.common.errors import ConflictError, InputError, RaiclError, SetupError, UsageError
from raicl.common.files import write_atomic
from raicl.common.terminal import console
from raicl.train.export import onnx_file, torch_file
from raicl.train.export.answers import TOLERANCE, Difference, Floats, Runner, in_torch, measure
from raicl.train.export.deployed import Deployed
from raicl.train.export.metadata import describe
from raicl.train.export.samples import random_instances, real_instances
from raicl.train.export.speed import THREADS, milliseconds, torch_threads
from raicl.train.export.table import Row, as_json, as_text
from raicl.train.fitted.load import load_predictor
from raicl.train.fitted.predictor import Predictor
from raicl.train.settings.networks import is_own


class Format(NamedTuple):
    """A format of files.

    Attributes
    ----------
    check : refuses a model that it cannot hold, see `onnx_file.check`.
    encode : the bytes of a file, given the model and the metadata.
    load : runs such bytes with a number of threads.
    """

    check: Callable[[Predictor], None]
    encode: Callable[[Deployed, Mapping[str, str]], bytes]
    load: Callable[[bytes, int], Runner]


FORMATS = {
    "onnx": Format(onnx_file.check, onnx_file.encode, onnx_file.load),
    "torch-export": Format(lambda predictor: None, torch_file.encode, torch_file.load),
}


def run(
    folder: Path, *, to: str, out: Path, flows: Path | None, overwrite: bool, json: bool
) -> None:
    """Export a model and print how it compares with PyTorch.

    Parameters
    ----------
    to : one of `FORMATS`.
    flows : a cache, of which real instances are taken.

    Raises
    ------
    ConflictError : the output exists.
    InputError : the model or the cache cannot be used, or the output's folder does not exist.
    UsageError : the model computes in bfloat16, the format cannot hold it, or torch cannot trace
        one's own network.
    SetupError : a package is missing, or the exported model says something else than PyTorch.
    """
    _check_place(out, flows, overwrite=overwrite)
    predictor, form = load_predictor(folder, "cpu"), FORMATS[to]
    form.check(predictor)
    _check_exact(predictor)
    samples = {"random": random_instances(predictor)}
    if flows is not None:
        samples[flows.name] = real_instances(flows, predictor)
    else:
        console.say("note: compared on random instances only; --flows adds those of a cache")
    if predictor.settings.infer != "middle":
        console.say(
            f"note: the model pools the instances of a clip ({predictor.settings.infer}). The file "
            "does not: it gives the probabilities of each instance"
        )
    deployed = Deployed(predictor)
    content = _encode(form, deployed, predictor)
    differences = {
        name: measure(form.load(content, 1), deployed, predictor, instances)
        for name, instances in samples.items()
    }
    _check_parity(differences)
    rows = _rows(form, to, content, deployed, differences, samples["random"][-1:])
    write_atomic(out, content)
    shown = as_json if json else as_text
    console.result(shown(predictor, out, rows))


def _encode(form: Format, deployed: Deployed, predictor: Predictor) -> bytes:
    try:
        return form.encode(deployed, describe(predictor))
    except RaiclError:
        raise
    except Exception as error:
        network = predictor.settings.network
        if not is_own(network):
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(
            f"torch cannot trace the network {network}: {lines[0]}",
            where=str(predictor.source),
            fix="write its forward without branches on values; --debug shows the reason",
        ) from error


def _check_place(out: Path, flows: Path | None, *, overwrite: bool) -> None:
    if not out.parent.is_dir():
        raise InputError(
            "the output folder does not exist",
            where=str(out.parent),
            fix="create it, or choose another --out",
        )
    same = flows is not None and out.resolve() == flows.resolve()
    if out.is_dir() or same or (out.exists() and not overwrite):
        raise ConflictError(
            "the output is a folder" if out.is_dir() else "the output exists",
            where=str(out),
            fix="choose another --out, or use --overwrite",
        )


def _check_exact(predictor: Predictor) -> None:
    """Refuse bfloat16: other runtimes round at other places, and onnxruntime has none on a CPU."""
    precision = predictor.settings.precision
    if precision != "float32":
        raise UsageError(
            f"the model computes in {precision}",
            where=str(predictor.source),
            fix="fit it with --precision float32",
        )


def _check_parity(differences: Mapping[str, Difference]) -> None:
    for name, found in differences.items():
        if not found.largest <= TOLERANCE:  # a NaN is no parity either
            raise SetupError(
                f"the exported model differs from PyTorch by {found.largest:.2g}, "
                f"and {TOLERANCE:g} is allowed; nothing was written",
                where=f"{found.instances} instances, {name}",
                fix="upgrade torch, onnx, onnxscript and onnxruntime, and report it if that is no "
                "help",
            )


def _rows(
    form: Format,
    to: str,
    content: bytes,
    deployed: Deployed,
    differences: Mapping[str, Difference],
    instance: Floats,
) -> list[Row]:
    """PyTorch, and the exported file."""
    weights = deployed.classifier.state_dict().values()
    times: dict[str, dict[int, float]] = {"PyTorch": {}, to: {}}
    for threads in THREADS:
        with torch_threads(threads):
            times["PyTorch"][threads] = milliseconds(in_torch(deployed), instance)
            times[to][threads] = milliseconds(form.load(content, threads), instance)
    held = sum(tensor.numel() * tensor.element_size() for tensor in weights)
    return [
        Row("PyTorch", held, {}, times["PyTorch"]),
        Row(to, len(content), dict(differences), times[to]),
    ]
