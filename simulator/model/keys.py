"""Keys of random streams: 64 bits from a seed and names, the same in every process and on every machine.

    key(7, "http", "api-1", "GET /health")     ->  one uint64
    keys(7, "http", names)                     ->  one for each name

Python's own `hash()` differs from process to process; BLAKE2b (RFC 7693) does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def key(seed: int, *names: str) -> np.uint64:
    """The key of a stream. Names are set apart, so ("ab", "c") and ("a", "bc") differ."""
    digest = hashlib.blake2b(seed.to_bytes(8, "little"), digest_size=8)
    for name in names:
        digest.update(len(name).to_bytes(4, "little") + name.encode())
    return np.uint64(int.from_bytes(digest.digest(), "little"))


def keys(seed: int, *names: str, each: Iterable[str]) -> NDArray[np.uint64]:
    """The keys of many streams that differ in their last name."""
    return np.array([key(seed, *names, last) for last in each], dtype=np.uint64)
