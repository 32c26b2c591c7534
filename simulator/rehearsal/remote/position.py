"""How far a history was written to a receiver, group by group, on disk: what kill -9 leaves is enough to go on.

`position` is a header of JSON and a table of one line (four int64) for each group: slices done, samples sent, staleness
markers among them, samples dropped. A line is written in one piece as soon as the receiver has answered; so after
kill -9 at most one request of each group is in doubt, the one after those done.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError

_NAME: Final = "position"
_HEADER_BYTES: Final = 4096
_COLUMNS: Final = 4


@dataclass(frozen=True)
class Begun:
    """What a folder's position is about: a plan's identity, the caller's request, when its run begins."""

    identity: str
    request: str
    started_ms: int


class Position:
    """An open position. Lines of different groups may be written from different threads."""

    def __init__(self, file: int, table: NDArray[np.int64]) -> None:
        self.resumed = bool(table.any())  # an earlier run has sent something
        self._file = file
        self._table = table

    @classmethod
    def open(cls, folder: Path, begun: Begun, groups: int) -> Self:
        """Go on where the folder's position of the same plan is, else begin. Raises InputError."""
        path = folder / _NAME
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            table = np.zeros((groups, _COLUMNS), dtype=np.int64)
            found = remembered(folder)
            raw = os.pread(file, table.nbytes, _HEADER_BYTES)
            if found is not None and found.identity == begun.identity and len(raw) == table.nbytes:
                table = np.frombuffer(raw, dtype=np.int64).reshape(table.shape).copy()
            else:
                header = json.dumps({"crybsim": 1, **vars(begun)}).encode().ljust(_HEADER_BYTES)
                os.ftruncate(file, 0)
                os.pwrite(file, header + table.tobytes(), 0)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from error
        return cls(file, table)

    def slices(self, group: int) -> int:
        """How many slices of a group are done."""
        return int(self._table[group, 0])

    @property
    def first_slice(self) -> int:
        """The first one that some group has still to send."""
        return int(self._table[:, 0].min())

    @property
    def sent(self) -> int:
        """Samples that were taken, in all runs so far."""
        return int(self._table[:, 1].sum())

    @property
    def stale(self) -> int:
        """Staleness markers among them."""
        return int(self._table[:, 2].sum())

    @property
    def dropped(self) -> int:
        """Samples that were refused."""
        return int(self._table[:, 3].sum())

    def advance(self, group: int, *, sent: int = 0, stale: int = 0, dropped: int = 0) -> None:
        """One more slice of a group has met its fate."""
        self._table[group] += (1, sent, stale, dropped)
        line = self._table[group].tobytes()
        os.pwrite(self._file, line, _HEADER_BYTES + group * len(line))

    def close(self) -> None:
        os.close(self._file)


def remembered(folder: Path) -> Begun | None:
    """What the folder's position is about, if it has one that can be read."""
    try:
        with (folder / _NAME).open("rb") as file:
            found = json.loads(file.read(_HEADER_BYTES))
        return Begun(str(found["identity"]), str(found["request"]), int(found["started_ms"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(folder: Path) -> None:
    """All was sent: the next run begins anew."""
    (folder / _NAME).unlink(missing_ok=True)
