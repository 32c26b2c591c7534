"""Functions compiled by numba, and where their machine code is kept between runs.

numba notices a change only in the file of the compiled function itself: not in the kernels which that one calls, nor in
constants from elsewhere, which machine code has as they were. The code of a file's kernels therefore lives in a folder
named after the text of all that it is made from: that file, and those from which it takes kernels or constants, and so
on. Stale code cannot be found at all, and a change of one part does not cost the others their code.
Kernels never use `fastmath`: additions keep their order and nothing is fused, so that the same inputs give the same
bits on every x86-64 machine with the locked versions.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE: Final = Path(__file__).resolve().parent
_MARK: Final = b"simulator.compiled import"
_IMPORT: Final = re.compile(rb"^from simulator\.([\w.]+) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)
_CONSTANT: Final = re.compile(rb"\b_?[A-Z][A-Z0-9_]*\b")
_CHOSEN: Final = "NUMBA_CACHE_DIR" in os.environ  # by whoever started us: then everything is there


def code_folder() -> Path:
    """Where machine code is kept, of all that was ever compiled."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        base.mkdir(parents=True, exist_ok=True)
        usable = os.access(base, os.W_OK)
    except OSError:
        usable = False
    if not usable:
        base = Path(tempfile.gettempdir()) / f"cache-{os.getuid()}"
    return base / "crybsim" / "kernels"


def made_from(source: Path) -> set[Path]:
    """The files of whose text the machine code of a file's kernels is made."""
    found: set[Path] = set()
    waiting = [source, Path(__file__).resolve()]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting.extend(_taken_in(file))
    return found


@cache
def _text(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _taken_in(file: Path) -> tuple[Path, ...]:
    """Files of this package from which a file imports kernels or constants."""
    imports = [
        (_PACKAGE.joinpath(*module.decode().split(".")).with_suffix(".py"), many or one)
        for module, many, one in _IMPORT.findall(_text(file))
    ]
    return tuple(
        other
        for other, names in imports
        if other.exists() and (_CONSTANT.search(names) is not None or _MARK in _text(other))
    )


@cache
def _fingerprint(source: Path) -> str:
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for file in sorted(made_from(source)):
        digest.update(_text(file))
    return digest.hexdigest()


def kernel(function: F) -> F:
    """Compile on first use, keep the result on disk, and let other threads run meanwhile."""
    if not _CHOSEN:
        folder = code_folder() / _fingerprint(Path(function.__code__.co_filename))
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # set at runtime; read for each function
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """A small function that kernels call; LLVM folds it into them."""
    return cast(F, numba.njit(nogil=True, error_model="numpy")(function))
