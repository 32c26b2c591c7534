"""Folders that only one crybsim at a time may use, and where they are unless somebody says otherwise."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from simulator.errors import InputError


def state_folder(environment: Mapping[str, str], *what: str) -> Path:
    """The place in the user's state folder (XDG base directories) for what these words name together."""
    base = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME") or Path.home()) / ".local" / "state")
    digest = hashlib.sha256("\0".join(what).encode()).hexdigest()
    return Path(base) / "crybsim" / "remote-write" / digest[:16]


@contextmanager
def held(folder: Path, *, flag: str) -> Iterator[Path]:
    """Hold a folder (made where it is missing) against another crybsim. Raises InputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"{flag}: {folder}: cannot write there: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise InputError(f"{flag}: {folder}: another crybsim is using it; name another folder") from error
    try:
        yield folder
    finally:
        os.close(lock)
