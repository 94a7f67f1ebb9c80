"""ONNX: the one door to onnx and onnxruntime, optional (extra `export`), loaded on demand."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import torch

from raicl.common.errors import SetupError, UsageError
from raicl.common.provenance import versions
from raicl.common.terminal.wording import RESEARCH_ONLY
from raicl.train.export.answers import Answers, Floats, Runner
from raicl.train.export.deployed import OUTPUTS, Deployed
from raicl.train.export.torch_file import INPUT, known_warnings, trace
from raicl.train.fitted.predictor import Predictor

_PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime")
_MOST_BYTES = 2 << 30  # protobuf writes no larger file


def check(predictor: Predictor) -> None:
    """Refuse what cannot be exported, before anything is computed.

    Raises
    ------
    SetupError : a package is missing.
    UsageError : the model is too large.
    """
    for name in _PACKAGES[1:]:
        try:
            import_module(name)
        except ImportError as error:
            raise SetupError(f"ONNX needs {name}", fix="pip install 'raicl[export]'") from error
    tensors = predictor.network.tested.classifier.state_dict().values()
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if size >= _MOST_BYTES:
        raise UsageError(
            f"the model has {size} bytes, and an ONNX file holds less than {_MOST_BYTES}",
            where=str(predictor.source),
            fix="use --to torch-export",
        )


def encode(deployed: Deployed, metadata: Mapping[str, str]) -> bytes:
    """The bytes of an ``.onnx`` file, with the metadata among its ``metadata_props``.

    Raises
    ------
    SetupError : the versions of torch, onnx and onnxscript do not fit together.
    """
    from onnx.helper import set_model_props

    try:
        with known_warnings():
            program = torch.onnx.export(
                trace(deployed),
                dynamo=True,
                input_names=[INPUT],
                output_names=OUTPUTS,
                verbose=False,
            )
        assert program is not None
        model = program.model_proto
    except torch.onnx.OnnxExporterError as error:
        pair = ", ".join(f"{name} {version}" for name, version in versions(_PACKAGES).items())
        raise SetupError(
            f"torch could not translate the model to ONNX with {pair}",
            fix="pip install --upgrade torch torchvision onnx onnxscript onnxruntime; "
            "--debug shows the reason",
        ) from error
    # the exporter's notes on nodes are three quarters of a small file, and name folders
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:]
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    model.doc_string = RESEARCH_ONLY
    set_model_props(model, dict(metadata))
    content: bytes = model.SerializeToString()
    return content


def load(content: bytes, threads: int) -> Runner:
    """Run a file by onnxruntime on the CPU, with a number of threads of its own."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(instances: Floats) -> Answers:
        return Answers(*session.run(list(OUTPUTS), {INPUT: instances}))

    return run
