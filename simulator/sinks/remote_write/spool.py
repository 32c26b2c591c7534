"""Requests on disk until the receiver has them: bounded, in order, and as they were after kill -9.

Segments are files that entries are appended to. An entry is all that came of one instant:

    segment   "crybspl1", newest instant of all earlier segments (int64)          entry, entry, …
    entry     length of what follows the checksum, CRC-32 of it                     (uint32, uint32)
              instant (int64), number of requests (uint32)
              for each request: samples, staleness markers, length (uint32 each), bytes

All little-endian. An entry that is not whole (killed in the middle of writing it) is cut off when the spool is opened:
nobody was told of it yet. `position` holds what the receiver has: segment, offset of the entry, number of the request.
A segment goes when all of it was taken. Nothing is flushed to the disk: a power cut is not survived, kill -9 is.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.errors import InputError
from simulator.sinks.remote_write.courier import Parcel

_MAGIC: Final = b"crybspl1"
_SEGMENT_HEADER: Final = struct.Struct("<8sq")
_FRAME: Final = struct.Struct("<II")
_ENTRY: Final = struct.Struct("<qI")
_PARCEL: Final = struct.Struct("<III")
_POSITION: Final = struct.Struct("<QQQ")
_SUFFIX: Final = ".spool"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NEVER_MS: Final = -(2**63)
LARGEST_SEGMENT_BYTES: Final = 8 * 1024 * 1024
_SMALL_BYTES: Final = 64 * 1024  # a segment that all was taken of stays while it is no larger


@dataclass(frozen=True)
class Waiting:
    """The next request to be sent, and the instant (epoch ms) that it is from."""

    at_ms: int
    parcel: Parcel


class Spool:
    """For one thread that appends and one that takes away. The folder has to be held (see `held`)."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Open it and go on where an earlier process stopped. Raises InputError for files that are none of ours."""
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._segment_bytes = max(min(LARGEST_SEGMENT_BYTES, limit_bytes // 8), _SEGMENT_HEADER.size)
        self._lock = threading.Condition()
        self._read_entry: tuple[int, list[Parcel]] | None = None
        try:
            self._segments = sorted(int(path.name.removesuffix(_SUFFIX)) for path in folder.glob(f"*{_SUFFIX}"))
            self._position_file = os.open(folder / "position", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (OSError, ValueError) as error:
            raise InputError(f"{folder}: not a spool: {error}") from error
        self._newest_ms = NEVER_MS
        self._sizes: dict[int, int] = {}
        self._samples = 0
        self._offset = self._after_entry = self._index = 0
        self._recover()

    @property
    def newest_ms(self) -> int:
        """Instant of the newest entry that ever was in it; NEVER_MS: there was none."""
        with self._lock:
            return self._newest_ms

    @property
    def oldest_ms(self) -> int | None:
        """Instant of the oldest request that waits; None: none does."""
        with self._lock:
            entry = self._current()
            return entry[0] if entry else None

    @property
    def size_bytes(self) -> int:
        """On disk."""
        with self._lock:
            return sum(self._sizes.values())

    @property
    def samples(self) -> int:
        """That wait to be sent."""
        with self._lock:
            return self._samples

    def append(self, at_ms: int, parcels: Sequence[Parcel]) -> str:
        """Keep all that came of one instant, which is later than all before. Returns why there is no room, if so;
        then nothing of it is kept."""
        payload = _ENTRY.pack(at_ms, len(parcels)) + b"".join(
            _PARCEL.pack(parcel.samples, parcel.stale, len(parcel.body)) + parcel.body for parcel in parcels
        )
        entry = _FRAME.pack(len(payload), zlib.crc32(payload)) + payload
        with self._lock:
            new = not self._segments or self._sizes[self._segments[-1]] + len(entry) > self._segment_bytes
            more = len(entry) + (_SEGMENT_HEADER.size if new else 0)
            if sum(self._sizes.values()) + more > self._limit_bytes:
                return f"its limit of {self._limit_bytes:,} bytes is reached"
            try:
                if new:
                    self._add_segment()
                self._write(self._segments[-1], entry)
            except OSError as error:
                if error.errno in _FULL:
                    return error.strerror or "no room"
                raise
            self._newest_ms = at_ms
            self._samples += sum(parcel.samples for parcel in parcels)
            self._tidy()
            self._lock.notify_all()
            return ""

    def wait(self, seconds: float) -> bool:
        """Whether something waits to be sent, within so many seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: self._current() is not None, seconds)

    def first(self) -> Waiting | None:
        """The request that is next, or None."""
        with self._lock:
            entry = self._current()
            return None if entry is None else Waiting(entry[0], entry[1][self._index])

    def done(self) -> None:
        """The one that was next has met its fate: it is not to be sent again, by whomever."""
        with self._lock:
            entry = self._current()
            if entry is None:
                raise ValueError("nothing is waiting")
            self._samples -= entry[1][self._index].samples
            self._index += 1
            if self._index == len(entry[1]):
                self._index = 0
                self._offset = self._after_entry
                self._read_entry = None
            self._tidy()
            os.pwrite(self._position_file, _POSITION.pack(self._segments[0], self._offset, self._index), 0)

    def close(self) -> None:
        """Let go of the files; what waits stays."""
        with self._lock:
            os.close(self._position_file)

    def _current(self) -> tuple[int, list[Parcel]] | None:
        """The entry at the position."""
        if self._read_entry is None and self._segments:
            if self._offset >= self._sizes[self._segments[0]]:
                return None
            with self._path(self._segments[0]).open("rb") as file:
                file.seek(self._offset)
                length, _ = _FRAME.unpack(file.read(_FRAME.size))
                self._read_entry = _decode(file.read(length))
            self._after_entry = self._offset + _FRAME.size + length
        return self._read_entry

    def _tidy(self) -> None:
        """Remove the segments that everything was taken of, but for a last small one."""
        while self._segments and self._offset >= self._sizes[self._segments[0]]:
            if len(self._segments) == 1:
                if self._sizes[self._segments[0]] <= _SMALL_BYTES:
                    return
                try:
                    self._add_segment()
                except OSError:
                    return
            gone = self._segments.pop(0)
            del self._sizes[gone]
            self._offset = _SEGMENT_HEADER.size
            # the position first: a segment that is there no more may be named by it, but not half of one
            os.pwrite(self._position_file, _POSITION.pack(self._segments[0], self._offset, 0), 0)
            self._path(gone).unlink()

    def _add_segment(self) -> None:
        number = self._segments[-1] + 1 if self._segments else 1
        self._sizes[number] = 0
        try:
            self._write(number, _SEGMENT_HEADER.pack(_MAGIC, self._newest_ms))
        except OSError:
            del self._sizes[number]
            self._path(number).unlink(missing_ok=True)
            raise
        self._segments.append(number)
        if len(self._segments) == 1:
            self._offset = _SEGMENT_HEADER.size

    def _write(self, number: int, data: bytes) -> None:
        """Append all of it, or leave the file as it was and raise OSError."""
        size = self._sizes[number]
        file = os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(file, data[written:], size + written)
        except OSError:
            os.ftruncate(file, size)
            raise
        finally:
            os.close(file)
        self._sizes[number] = size + len(data)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08}{_SUFFIX}"

    def _recover(self) -> None:
        """Find the position again, cut off what is not whole, count what waits."""
        raw = os.pread(self._position_file, _POSITION.size, 0)
        segment, offset, index = _POSITION.unpack(raw) if len(raw) == _POSITION.size else (0, 0, 0)
        self._offset, self._index = _SEGMENT_HEADER.size, 0
        for number in self._segments.copy():
            path = self._path(number)
            content = b"" if number < segment else path.read_bytes()
            if len(content) < _SEGMENT_HEADER.size:  # taken already, or never begun
                self._segments.remove(number)
                path.unlink()
                continue
            magic, before_ms = _SEGMENT_HEADER.unpack_from(content)
            if magic != _MAGIC:
                raise InputError(f"{path}: not a spool of crybsim; name another folder")
            if number == segment:
                self._offset, self._index = offset, index
            self._newest_ms = max(self._newest_ms, before_ms)
            self._sizes[number] = self._count(content, offset if number == segment else 0, index)
            os.truncate(path, self._sizes[number])
        self._tidy()

    def _count(self, content: bytes, offset: int, index: int) -> int:
        """Count what waits in a segment from a position on; the end of its last whole entry."""
        at = _SEGMENT_HEADER.size
        while at + _FRAME.size <= len(content):
            length, checksum = _FRAME.unpack_from(content, at)
            payload = content[at + _FRAME.size : at + _FRAME.size + length]
            if len(payload) < length or zlib.crc32(payload) != checksum:
                break
            at_ms, parcels = _decode(payload)
            self._newest_ms = at_ms
            if at >= offset:
                self._samples += sum(parcel.samples for parcel in parcels[index if at == offset else 0 :])
            at += _FRAME.size + length
        return at


def _decode(payload: bytes) -> tuple[int, list[Parcel]]:
    at_ms, count = _ENTRY.unpack_from(payload)
    at = _ENTRY.size
    parcels = []
    for _ in range(count):
        samples, stale, size = _PARCEL.unpack_from(payload, at)
        at += _PARCEL.size
        parcels.append(Parcel(payload[at : at + size], samples, stale))
        at += size
    return at_ms, parcels
