"""The index of a block: which series it has, and where their chunks are.

Format: tsdb/docs/format/index.md, version 2 (the one in which symbols are referred to by their number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import kernel
from simulator.telemetry.samples import Labels
from simulator.wire.tsdb.checksum import Bytes, checksum, crc32c
from simulator.wire.tsdb.varints import put_uvarint, put_varint, uvarint

Ints = NDArray[np.int64]

_HEADER: Final = b"\xba\xaa\xd7\x00\x02"  # magic number, version 2
_ALIGNMENT: Final = 16  # of a series, whose reference is its place divided by this
_EVERYTHING: Final = ("", "")  # the pair under which the postings of all series are found
_LONGEST_NUMBER: Final = 10


@dataclass(frozen=True)
class ChunkTable:
    """Where the chunks of a block are: those of series `s` are `first[s]` to `first[s + 1]`, in the order of time.

    `ref` has the number of the segment file in its upper four bytes and the offset in that file in its lower four.
    """

    first: Ints
    first_ms: Ints
    last_ms: Ints
    ref: Ints

    @classmethod
    def grouped(cls, series: int, owner: Ints, first_ms: Ints, last_ms: Ints, ref: Ints) -> ChunkTable:
        """The table of chunks that come in any order of series, but in the order of time within each (`owner`)."""
        order = np.argsort(owner, kind="stable")
        first = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=series)))).astype(np.int64)
        return cls(first, first_ms[order], last_ms[order], ref[order])


def encode_index(series: Sequence[Labels], chunks: ChunkTable) -> bytes:
    """The whole index file, byte for byte as Prometheus would write it.

    `series` are label sets with `__name__`, in rising order; every one has chunks. Raises ValueError where they are not
    in that order (a label set that is there twice among it).
    """
    if any(one >= other for one, other in pairwise(series)):
        raise ValueError("the series of a block must rise, and none may be there twice")
    # the empty text is in no label, but in the key of all postings, so Prometheus writes it, too
    symbols = sorted({"", *(text for labels in series for pair in labels for text in pair)})
    numbers = {symbol: number for number, symbol in enumerate(symbols)}
    file = bytearray(_HEADER)
    symbols_at = _append_symbols(file, symbols)
    series_at = len(file)
    _pad(file, _ALIGNMENT)
    refs = _append_series(file, series, numbers, chunks)
    postings = _postings(series, refs)
    label_indices_at = len(file)
    label_indices = _append_label_indices(file, postings, numbers)
    postings_at = len(file)
    postings_places = _append_postings(file, postings)
    label_table_at = _append_offset_table(file, [((name,), place) for name, place in label_indices])
    postings_table_at = _append_offset_table(file, postings_places)
    contents = (symbols_at, series_at, label_indices_at, label_table_at, postings_at, postings_table_at)
    toc = b"".join(place.to_bytes(8, "big") for place in contents)
    file += toc + crc32c(toc)
    return bytes(file)


def _pad(file: bytearray, alignment: int) -> None:
    file += bytes(-len(file) % alignment)


def _append_section(file: bytearray, content: bytes) -> int:
    """Length, content, checksum; where the section begins."""
    place = len(file)
    file += len(content).to_bytes(4, "big")
    file += content
    file += crc32c(content)
    return place


def _text(text: str) -> bytes:
    raw = text.encode()
    return uvarint(len(raw)) + raw


def _append_symbols(file: bytearray, symbols: Sequence[str]) -> int:
    """Symbols in the order of their bytes, which in UTF-8 is that of their characters."""
    return _append_section(file, len(symbols).to_bytes(4, "big") + b"".join(map(_text, symbols)))


def _append_series(file: bytearray, series: Sequence[Labels], numbers: dict[str, int], chunks: ChunkTable) -> Ints:
    """The section of all series; the reference of each."""
    symbols = np.fromiter((numbers[text] for text in chain.from_iterable(chain.from_iterable(series))), dtype=np.int64)
    first_symbol = np.concatenate(([0], np.cumsum([2 * len(labels) for labels in series]))).astype(np.int64)
    lengths = _LONGEST_NUMBER * (2 + np.diff(first_symbol) + 3 * np.diff(chunks.first))
    scratch = np.empty(int(lengths.max(initial=0)), dtype=np.uint8)
    out = np.empty(int((lengths + (_ALIGNMENT + _LONGEST_NUMBER + 4)).sum()), dtype=np.uint8)
    refs = np.empty(len(series), dtype=np.int64)
    used = _write_series(
        first_symbol, symbols, chunks.first, chunks.first_ms, chunks.last_ms, chunks.ref, scratch, out, refs
    )
    refs += len(file) // _ALIGNMENT
    file += out[:used].data
    return refs


@kernel
def _write_series(
    first_symbol: Ints,
    symbols: Ints,
    first_chunk: Ints,
    first_ms: Ints,
    last_ms: Ints,
    chunk_ref: Ints,
    scratch: Bytes,
    out: Bytes,
    refs: Ints,
) -> int:
    end = 0
    for series in range(len(refs)):
        at = put_uvarint(scratch, 0, np.uint64((first_symbol[series + 1] - first_symbol[series]) // 2))
        for place in range(first_symbol[series], first_symbol[series + 1]):
            at = put_uvarint(scratch, at, np.uint64(symbols[place]))
        at = put_uvarint(scratch, at, np.uint64(first_chunk[series + 1] - first_chunk[series]))
        for chunk in range(first_chunk[series], first_chunk[series + 1]):
            if chunk == first_chunk[series]:
                at = put_varint(scratch, at, first_ms[chunk])
            else:
                at = put_uvarint(scratch, at, np.uint64(first_ms[chunk] - last_ms[chunk - 1]))
            at = put_uvarint(scratch, at, np.uint64(last_ms[chunk] - first_ms[chunk]))
            if chunk == first_chunk[series]:
                at = put_uvarint(scratch, at, np.uint64(chunk_ref[chunk]))
            else:
                at = put_varint(scratch, at, chunk_ref[chunk] - chunk_ref[chunk - 1])
        while end % _ALIGNMENT:
            out[end] = 0
            end += 1
        refs[series] = end // _ALIGNMENT
        end = put_uvarint(out, end, np.uint64(at))
        for place in range(at):
            out[end + place] = scratch[place]
        end += at
        crc = checksum(scratch, 0, at)
        for shift in (24, 16, 8, 0):
            out[end] = np.uint8((crc >> np.uint32(shift)) & np.uint32(0xFF))
            end += 1
    return end


_Postings = dict[tuple[str, str], list[int]]


def _postings(series: Sequence[Labels], refs: Ints) -> _Postings:
    """For each pair of name and value, in rising order, the series that have it; all series first."""
    everywhere: list[int] = refs.tolist()
    found: _Postings = {}
    for labels, ref in zip(series, everywhere, strict=True):
        for pair in labels:
            found.setdefault(pair, []).append(ref)
    return {_EVERYTHING: everywhere} | {pair: found[pair] for pair in sorted(found)}


def _append_label_indices(file: bytearray, postings: _Postings, numbers: dict[str, int]) -> list[tuple[str, int]]:
    """The values of each name; the places of these sections. Old readers ask for them, newer ones do not."""
    values: dict[str, list[int]] = {}
    for name, value in postings:
        if (name, value) != _EVERYTHING:
            values.setdefault(name, []).append(numbers[value])
    places = []
    for name, found in values.items():
        _pad(file, 4)
        body = (1).to_bytes(4, "big") + len(found).to_bytes(4, "big") + np.array(found, dtype=">u4").tobytes()
        places.append((name, _append_section(file, body)))
    return places


def _append_postings(file: bytearray, postings: _Postings) -> list[tuple[tuple[str, str], int]]:
    """The series of each pair; the places of these sections."""
    places = []
    for pair, refs in postings.items():
        _pad(file, 4)
        body = len(refs).to_bytes(4, "big") + np.array(refs, dtype=">u4").tobytes()
        places.append((pair, _append_section(file, body)))
    return places


def _append_offset_table(file: bytearray, entries: Sequence[tuple[tuple[str, ...], int]]) -> int:
    body = bytearray(len(entries).to_bytes(4, "big"))
    for key, place in entries:
        body.append(len(key))
        for text in key:
            body += _text(text)
        body += uvarint(place)
    return _append_section(file, bytes(body))
