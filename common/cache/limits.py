"""Limits: how much of a cache is believed before it is read. Each has its reason beside it."""

from __future__ import annotations

# An index of 10,000 clips with every frame has 15 MB. What is larger is a packed cache, or none.
INDEX_BYTES = 32 << 20
MANIFEST_BYTES = INDEX_BYTES
# JSON may take 40 times its bytes as objects: a larger manifest is decoded by a bounded process
# before it is decoded here. One of 4,000 clips is smaller.
MANIFEST_AT_ONCE = 4 << 20
SHARD_BYTES = 8 << 30  # far more than the longest clip, far less than a crafted shape may claim
QUALITY_BYTES = 64 << 10  # a few dozen numbers have less than 1 kB
TEXT_BYTES = 16 << 10  # of an attribute: digests, and a few flags
# Files of raicl have no holes. A smaller file may: a file system that compresses stores zeros so.
HOLLOW_BYTES = 32 << 20
HOLLOW_SHARE = 8  # the least part that must be on disk, as a divisor

# Of a process that opens a file which may not be whole, beyond what it takes to start.
TRIAL_MEMORY = 192 << 20  # the manifest of 10,000 clips with every frame takes 150 MB
TRIAL_COPIES = 4  # of a shard, beyond that: its bytes, twice the image of HDF5, the arrays
TRIAL_CPU_SECONDS = 3  # the smallest file takes a hundredth of a second
TRIAL_BYTES_PER_SECOND = 10 << 20  # a slow processor reads and hashes ten times as much
TRIAL_WAIT_SECONDS = 30.0  # without an answer, beyond the time above: a disk may be slow to start

_OF_INSTANCE = 4 + 32 + 48  # its number, the digest of its frame, the motion of the head
_OF_CHUNK = 256  # what HDF5 keeps of it
_MARGIN = 1 << 20  # the quality, the landmarks, attributes, HDF5's own


def shard_bytes(instances: int, size: int) -> int:
    """Most bytes of the file of a shard with so many instances of this side, px."""
    image = size * size
    declared = instances * (3 * image * 2 + _OF_INSTANCE + _OF_CHUNK) + image
    return min(declared + _MARGIN, SHARD_BYTES)


def is_hollow(size: int, blocks: int) -> bool:
    """Whether hardly any of a file is on disk.

    Parameters
    ----------
    blocks : of 512 bytes. 0 if the file system does not say.
    """
    return size > HOLLOW_BYTES and 0 < blocks * 512 * HOLLOW_SHARE < size
