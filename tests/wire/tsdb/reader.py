"""A reader of blocks of its own, written from the format's description: what the encoder's tests compare with."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Sample = tuple[int, int]  # milliseconds, bit pattern of the value
LabelSet = tuple[tuple[str, str], ...]


class Bits:
    """Bits of bytes, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in data)
        self._at = 0

    def take(self, count: int) -> int:
        taken = self._bits[self._at : self._at + count]
        assert len(taken) == count
        self._at += count
        return int(taken, 2) if count else 0

    def left(self) -> int:
        return len(self._bits) - self._at

    def uvarint(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(8)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def varint(self) -> int:
        raw = self.uvarint()
        return raw >> 1 if raw & 1 == 0 else -(raw >> 1) - 1


def crc32c(data: bytes) -> int:
    """Bit by bit, from the definition."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def read_xor(data: bytes) -> list[Sample]:
    """The samples of one chunk's data."""
    bits = Bits(data)
    count = bits.take(16)
    samples = [(bits.varint(), bits.take(64))]
    delta = 0
    leading = trailing = -1
    while len(samples) < count:
        time, value = samples[-1]
        if len(samples) == 1:
            delta = bits.uvarint()
        else:
            size = 0
            for candidate in (14, 17, 20, 64):
                if bits.take(1) == 0:
                    break
                size = candidate
            change = bits.take(size)
            limit = 1 << (size - 1) if size else 0
            if change > limit or (size == 64 and change >= limit):
                change -= 1 << size
            delta += change
        if bits.take(1):
            if bits.take(1):
                leading = bits.take(5)
                trailing = 64 - leading - (bits.take(6) or 64)
            value ^= bits.take(64 - leading - trailing) << trailing
        samples.append((time + delta, value))
    assert bits.left() < 8
    assert bits.take(bits.left()) == 0
    return samples


def read_chunk(segment: bytes, at: int) -> tuple[list[Sample], int]:
    """The samples of the chunk at a place of a segment, and where the next one begins."""
    bits = Bits(segment[at : at + 5].ljust(5, b"\0"))
    length = bits.uvarint()
    start = at + (5 - bits.left() // 8)
    end = start + 1 + length
    assert segment[start] == 1
    assert int.from_bytes(segment[end : end + 4], "big") == crc32c(segment[start:end])
    return read_xor(segment[start + 1 : end]), end + 4


@dataclass(frozen=True)
class IndexedSeries:
    """One entry of an index."""

    labels: LabelSet
    chunks: tuple[tuple[int, int, int], ...]  # first and last millisecond, reference


@dataclass(frozen=True)
class Index:
    """What an index says."""

    symbols: tuple[str, ...]
    series: dict[int, IndexedSeries]  # by reference
    postings: dict[tuple[str, str], list[int]]
    label_values: dict[str, list[str]]


class Cursor:
    """Reads whole bytes."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def number(self, size: int) -> int:
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "big")

    def uvarint(self) -> int:
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def varint(self) -> int:
        raw = self.uvarint()
        return raw >> 1 if raw & 1 == 0 else -(raw >> 1) - 1

    def text(self) -> str:
        length = self.uvarint()
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def section(self) -> Cursor:
        length = self.number(4)
        content = self.data[self.at : self.at + length]
        self.at += length
        assert self.number(4) == crc32c(content)
        return Cursor(content)


def read_index(data: bytes) -> Index:
    """Everything in an index file, its checksums checked."""
    assert data[:5] == b"\xba\xaa\xd7\x00\x02"
    toc = Cursor(data[-52:])
    places = [toc.number(8) for _ in range(6)]
    assert toc.number(4) == crc32c(data[-52:-4])
    section = Cursor(data, places[0]).section()
    symbols = tuple(section.text() for _ in range(section.number(4)))
    assert section.at == len(section.data)
    postings: dict[tuple[str, str], list[int]] = {}
    table = Cursor(data, places[5]).section()
    for _ in range(table.number(4)):
        assert table.number(1) == 2
        pair = (table.text(), table.text())
        listed = Cursor(data, table.uvarint()).section()
        postings[pair] = [listed.number(4) for _ in range(listed.number(4))]
    label_values: dict[str, list[str]] = {}
    table = Cursor(data, places[3]).section()
    for _ in range(table.number(4)):
        assert table.number(1) == 1
        name = table.text()
        listed = Cursor(data, table.uvarint()).section()
        assert listed.number(4) == 1
        label_values[name] = [symbols[listed.number(4)] for _ in range(listed.number(4))]
    series = {ref: _read_series(data, ref * 16, symbols) for ref in postings["", ""]}
    return Index(symbols, series, postings, label_values)


def _read_series(data: bytes, at: int, symbols: tuple[str, ...]) -> IndexedSeries:
    outer = Cursor(data, at)
    length = outer.uvarint()
    body = Cursor(data[outer.at : outer.at + length])
    outer.at += length
    assert outer.number(4) == crc32c(body.data)
    labels = tuple((symbols[body.uvarint()], symbols[body.uvarint()]) for _ in range(body.uvarint()))
    chunks: list[tuple[int, int, int]] = []
    for number in range(body.uvarint()):
        if number == 0:
            first = body.varint()
            last = first + body.uvarint()
            ref = body.uvarint()
        else:
            first = last + body.uvarint()
            last = first + body.uvarint()
            ref += body.varint()
        chunks.append((first, last, ref))
    assert body.at == length
    return IndexedSeries(labels, tuple(chunks))


def read_block(folder: Path) -> dict[LabelSet, list[Sample]]:
    """Every sample of a block by series, in the order of its chunks."""
    index = read_index((folder / "index").read_bytes())
    segments = [path.read_bytes() for path in sorted((folder / "chunks").iterdir())]
    assert all(segment[:8] == struct.pack(">IB3x", 0x85BD40DD, 1) for segment in segments)
    found: dict[LabelSet, list[Sample]] = {}
    for one in index.series.values():
        samples: list[Sample] = []
        for first, last, ref in one.chunks:
            chunk, _ = read_chunk(segments[ref >> 32], ref & 0xFFFFFFFF)
            assert (chunk[0][0], chunk[-1][0]) == (first, last)
            samples += chunk
        found[one.labels] = samples
    return found


def blocks(folder: Path) -> Iterator[Path]:
    """The block folders of a data folder."""
    return (place for place in sorted(folder.iterdir()) if len(place.name) == 26)
