"""Blocks into the data folder of a Prometheus: each appears complete or not at all.

A block is written beside its final place, in a folder that servers ignore (and remove when they start), flushed to
disk, and renamed. So after a power cut or kill -9 there is either the whole block or nothing that counts.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Self

import numpy as np

from simulator.errors import NO_ROOM, InputError
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.wire.tsdb.chunks import SEGMENT_HEADER, Chunks, Ints
from simulator.wire.tsdb.index import ChunkTable, encode_index
from simulator.wire.tsdb.meta import NO_TOMBSTONES, BlockMeta, BlockStats, block_ulid
from simulator.wire.tsdb.move import move_index, move_segment

SEGMENT_BYTES: Final = 512 * 1024 * 1024
"""The largest segment file of chunks that servers write themselves."""

_UNFINISHED: Final = ".tmp-for-creation"
_ULID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


class DiskFullError(InputError):
    """The disk had no room for a block; nothing of that block is left, and those before it are whole."""


class BlockWriter:
    """One block in the making: `append` chunks, then `finish`. Leaving the context without that removes all of it."""

    def __init__(self, folder: Path, ulid: str, span: Interval, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """`span` holds all samples to come."""
        self._folder = folder
        self._draft = folder / f"{ulid}{_UNFINISHED}"
        self._ulid = ulid
        self._span = span
        self._segment_bytes = segment_bytes
        self._segments = 0
        self._file: BinaryIO | None = None
        self._end = 0  # of what is in the open segment
        self._parts: list[tuple[Ints, Ints, Ints, Ints]] = []  # owner, first, last, reference
        self._samples = 0

    def __enter__(self) -> Self:
        shutil.rmtree(self._draft, ignore_errors=True)
        return self  # making anything here would leave it behind at a Ctrl-C: `__exit__` is not called before this ends

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError:  # what was still buffered has no room either, and is about to go
                pass
        shutil.rmtree(self._draft, ignore_errors=True)

    def append(self, chunks: Chunks, owner: Ints) -> None:
        """Chunks that follow, for each series, those appended before; row `r` of `chunks` is series `owner[r]`.

        Raises DiskFullError.
        """
        refs = np.empty(len(chunks), dtype=np.int64)
        ends = np.append(chunks.at[1:], len(chunks.data))
        first = 0
        with _enough_room(self._draft):
            while first < len(chunks):
                file = self._open_segment(int(ends[first] - chunks.at[first]))
                base = int(chunks.at[first])
                room = self._segment_bytes - self._end
                last = max(int(np.searchsorted(ends, base + room, side="right")), first + 1)
                refs[first:last] = ((self._segments - 1) << 32) + self._end + chunks.at[first:last] - base
                file.write(chunks.data[base : ends[last - 1]].data)
                self._end += int(ends[last - 1]) - base
                first = last
        self._parts.append((owner[chunks.row], chunks.first_ms, chunks.last_ms, refs))
        self._samples += chunks.samples

    def finish(self, series: Sequence[Labels]) -> BlockMeta:
        """Put the block in its place. `series[i]` has the labels (with `__name__`) of the series of number `i`.

        Series without chunks are left out. Raises DiskFullError, ValueError where two series have the same labels.
        """
        owner, first_ms, last_ms, refs = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        numbers = sorted(np.unique(owner).tolist(), key=series.__getitem__)
        rank = np.full(len(series), -1, dtype=np.int64)
        rank[numbers] = np.arange(len(numbers))
        table = ChunkTable.grouped(len(numbers), rank[owner], first_ms, last_ms, refs)
        stats = BlockStats(samples=self._samples, series=len(numbers), chunks=len(refs))
        meta = BlockMeta(self._ulid, self._span, stats)
        with _enough_room(self._draft):
            self._close_segment()
            _write(self._draft / "index", encode_index([series[number] for number in numbers], table))
            _write(self._draft / "tombstones", NO_TOMBSTONES)
            _write(self._draft / "meta.json", meta.encode())
            _flush_folder(self._draft / "chunks")
            _flush_folder(self._draft)
            self._draft.rename(self._folder / self._ulid)
            _flush_folder(self._folder)
        return meta

    def _open_segment(self, size: int) -> BinaryIO:
        """The segment file that a chunk of this size goes to: the open one, or a new one where that is full."""
        if self._file is None or self._end + size > self._segment_bytes:
            self._close_segment()
            self._segments += 1
            (self._draft / "chunks").mkdir(parents=True, exist_ok=True)
            self._file = (self._draft / "chunks" / f"{self._segments:06}").open("wb")
            self._file.write(SEGMENT_HEADER)
            self._end = len(SEGMENT_HEADER)
        return self._file

    def _close_segment(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def read_blocks(folder: Path) -> tuple[BlockMeta, ...]:
    """The blocks in a data folder, by time. Folders that a server would not load either are left out."""
    found = []
    for place in folder.iterdir() if folder.is_dir() else ():
        if _ULID.fullmatch(place.name):
            try:
                found.append(BlockMeta.decode((place / "meta.json").read_bytes()))
            except (OSError, ValueError):
                continue
    return tuple(sorted(found, key=lambda meta: (meta.span, meta.ulid)))


def link_blocks(source: Path, target: Path) -> None:
    """Give a data folder the blocks of another one without copying them: both then share the files.

    Servers only ever replace files of a block, so neither folder notices what is done to the other. Raises OSError.
    """
    for meta in read_blocks(source):
        draft = target / f"{meta.ulid}{_UNFINISHED}"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(source / meta.ulid, draft, copy_function=_link_or_copy)
        draft.rename(target / meta.ulid)


def move_blocks(source: Path, target: Path, by_ms: int) -> int:
    """Give a data folder the blocks of another one, so much later in time; how many. Raises OSError, and ValueError
    where their times cannot be moved in place.

    Each is there whole or not at all, yet not flushed to disk: it can be made again from its source.
    """
    metas = read_blocks(source)
    for meta in metas:
        span = Interval(meta.span.start_ms + by_ms, meta.span.end_ms + by_ms)
        moved = BlockMeta(block_ulid(meta.ulid, span), span, meta.stats)
        draft = target / f"{moved.ulid}{_UNFINISHED}"
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "chunks").mkdir(parents=True)
        for name in ("index", *(f"chunks/{path.name}" for path in sorted((source / meta.ulid / "chunks").iterdir()))):
            content = np.fromfile(source / meta.ulid / name, dtype=np.uint8)
            (move_index if name == "index" else move_segment)(content, by_ms)
            content.tofile(draft / name)
        (draft / "tombstones").write_bytes(NO_TOMBSTONES)
        (draft / "meta.json").write_bytes(moved.encode())
        draft.rename(target / moved.ulid)
    return len(metas)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder (made where it is missing) against a second writer of blocks. Raises InputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".crybsim-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise InputError(f"{folder}: cannot write there: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise InputError(f"{folder}: another crybsim is writing blocks there") from error
    try:
        yield
    finally:
        os.close(lock)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _enough_room(draft: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFullError(f"{draft.parent}: {error.strerror}") from error
        raise
