"""Files of flow: .npy, .npz, Middlebury's .flo, MATLAB's .mat and 8-bit pictures."""

from __future__ import annotations

import hashlib
import io
import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError, SetupError
from raicl.common.limits import FLOW_BYTES, FLOW_SIDE
from raicl.preprocess.importing.arrays import BadFlow, Kind, as_flow, named_array
from raicl.preprocess.opencv import opencv
from raicl.preprocess.pictures import claims_more

# the header of .npy is read as Python's literals are
_DAMAGED_NPY = (ValueError, TypeError, SyntaxError, RecursionError, OverflowError, TokenError)
# zipfile raises any of these on damaged bytes, from a wrong place in the file or a wrong stream
_DAMAGED_ZIP = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, struct.error)
_FLO = 202021.25  # Baker et al. 2011, the tag of a .flo file
_SMALLER = f"sides from {FLOW_SIDE[0]} to {FLOW_SIDE[1]} px can be read"
CHANNELS = ("u", "v", "strain")  # of red, green and blue, if nothing else is said


class ReadFlow(NamedTuple):
    """A file's flow (N, 2|3, S, S), what it is, and the SHA-256 of the file."""

    flow: NDArray[np.float32]
    kind: Kind
    digest: str


def read_flow(path: Path, channels: Sequence[str] = CHANNELS) -> ReadFlow:
    """Read a file once, so that the digested bytes are the decoded ones.

    Parameters
    ----------
    channels : what red, green and blue of a picture are.

    Raises
    ------
    InputError : the file is unreadable, damaged, too large, or holds no flow.
    SetupError : a .mat file without scipy.
    """
    try:
        if path.stat().st_size > FLOW_BYTES:
            raise BadFlow("more than 1 GiB", "split the clips")
        content = path.read_bytes()
        suffix = path.suffix.lower()
        array = _READERS[suffix](content)
        if suffix in _PICTURES:
            array = array[..., [channels.index(name) for name in CHANNELS]]
        flow, kind = as_flow(array, frames_last=suffix == ".mat")
    except BadFlow as error:
        raise InputError(f"{path.name}: {error.what}", where=str(path), fix=error.fix) from error
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be read: {error.strerror}", where=str(path)
        ) from error
    return ReadFlow(flow, kind, hashlib.sha256(content).hexdigest())


def _npy(content: bytes) -> NDArray[Any]:
    try:
        return np.asarray(np.lib.format.read_array(io.BytesIO(content), allow_pickle=False))
    except (*_DAMAGED_NPY, EOFError, MemoryError) as error:
        raise BadFlow("a damaged .npy file, or one with Python objects", "save it again") from error


def _npz(content: bytes) -> NDArray[Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > FLOW_BYTES:
                raise BadFlow("more than 1 GiB when unpacked", "split the clips")
            names = archive.namelist()
            return named_array({n.removesuffix(".npy"): _npy(archive.read(n)) for n in names})
    except BadFlow:
        raise
    except (*_DAMAGED_ZIP, RuntimeError, NotImplementedError) as error:
        raise BadFlow("a damaged .npz file", "save it again") from error


def _flo(content: bytes) -> NDArray[Any]:
    if len(content) < 12 or np.frombuffer(content, "<f4", 1)[0] != np.float32(_FLO):
        raise BadFlow("not a .flo file", "write the tag 202021.25, width, height, then u and v")
    width, height = np.frombuffer(content, "<i4", 2, 4).tolist()
    if min(width, height) < 1 or len(content) != 12 + 8 * width * height:
        raise BadFlow(
            f"a .flo file of {len(content)} bytes that says {width}x{height} px", "write it again"
        )
    return np.frombuffer(content, "<f4", offset=12).reshape(height, width, 2)


def _mat(content: bytes) -> NDArray[Any]:
    if content.startswith(b"MATLAB 7.3"):
        raise BadFlow("a .mat file of version 7.3", "save it with save(..., '-v7')")
    try:
        from scipy.io import loadmat, whosmat
    except ImportError as error:
        raise SetupError("a .mat file needs scipy", fix="pip install scipy") from error
    try:
        stated = whosmat(io.BytesIO(content))
        if any(math.prod(shape) * 8 > FLOW_BYTES for _, shape, _ in stated):
            raise BadFlow("more than 1 GiB when unpacked", "split the clips")
        found = loadmat(io.BytesIO(content))
    except BadFlow:
        raise
    except Exception as error:  # scipy raises any exception on damaged bytes
        raise BadFlow("a damaged .mat file", "save it again") from error
    arrays = {name: value for name, value in found.items() if not name.startswith("__")}
    # MATLAB saves frames as the last axis
    return named_array(
        {n: v for n, v in arrays.items() if isinstance(v, np.ndarray)}, frames_last=True
    )


def _picture(content: bytes) -> NDArray[Any]:
    cv2 = opencv()
    if claims_more(content):
        raise BadFlow("a truncated or damaged picture", "copy it again")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise BadFlow("a picture beyond the limit of pixels", _SMALLER) from error
        image = None
    if image is None:
        raise BadFlow("a truncated or damaged picture", "copy it again")
    if image.dtype != np.uint8:
        raise BadFlow(
            f"a picture of {8 * image.dtype.itemsize} bits per channel",
            "its scale is not known: give 8 bits, or the flow itself as .npy",
        )
    if image.ndim != 3 or image.shape[2] != 3:
        n = 1 if image.ndim == 2 else image.shape[2]
        raise BadFlow(f"a picture of {n} channels", "give three: u, v and strain")
    return np.asarray(image[..., ::-1])  # OpenCV's order is blue, green, red


_PICTURES = (".png", ".bmp")
_READERS = {
    **{".npy": _npy, ".npz": _npz, ".flo": _flo, ".mat": _mat},
    **dict.fromkeys(_PICTURES, _picture),
}
