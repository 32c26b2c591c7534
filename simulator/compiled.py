"""Functions compiled by numba, and where their machine code is kept between runs.

numba notices a change only in the file of the compiled function itself, not in the kernels which that one calls. The
cache therefore lives in a folder named after the text of every module with kernels: stale code cannot be found at all.
Kernels never use `fastmath`: additions keep their order and nothing is fused, so that the same inputs give the same
bits on every x86-64 machine with the locked versions.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE: Final = Path(__file__).resolve().parent
_MARK: Final = b"simulator.compiled import"


def _fingerprint() -> str:
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for source in sorted(_PACKAGE.rglob("*.py")):
        text = source.read_bytes()
        if _MARK in text:
            digest.update(text)
    return digest.hexdigest()


def _cache_folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        base.mkdir(parents=True, exist_ok=True)
        usable = os.access(base, os.W_OK)
    except OSError:
        usable = False
    if not usable:
        base = Path(tempfile.gettempdir()) / f"cache-{os.getuid()}"
    return base / "crybsim" / "kernels" / _fingerprint()


if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]  # set at runtime by numba


def kernel(function: F) -> F:
    """Compile on first use, keep the result on disk, and let other threads run meanwhile."""
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """A small function that kernels call; LLVM folds it into them."""
    return cast(F, numba.njit(nogil=True, error_model="numpy")(function))
