"""Sealing: JSON that holds the digest of the rest of itself, so that any changed bit is noticed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from raicl.common.files import encode_json, sha256_bytes

SEAL = "seal"


def seal(values: Mapping[str, Any], key: str = SEAL) -> bytes:
    """`encode_json` of values and of their SHA-256 under `key`. All keys must be text."""
    plain = {name: value for name, value in values.items() if name != key}
    return encode_json({**plain, key: sha256_bytes(encode_json(plain))})


def is_sealed(content: bytes, key: str = SEAL) -> bool:
    """Whether bytes are, to the last one, what `seal` writes."""
    try:
        values = json.loads(content)
        return isinstance(values, dict) and key in values and seal(values, key) == content
    except (ValueError, RecursionError):  # what JSON may hold and `seal` never writes
        return False
