"""Prometheus remote write 1.0: a protobuf WriteRequest in a snappy block.

Sources: https://prometheus.io/docs/specs/prw/remote_write_spec/ ; prompb/types.proto, of which three messages matter:

    WriteRequest  1: repeated TimeSeries
    TimeSeries    1: repeated Label        2: repeated Sample
    Label         1: string name           2: string value
    Sample        1: double value          2: int64 timestamp (milliseconds)

Label sets are encoded once, in a `LabelTable`; what changes from request to request is laid between them by a compiled
kernel, straight from arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import cramjam
import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.telemetry.samples import Labels

CONTENT_HEADERS: Final = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

STALE_NAN: Final = np.uint64(0x7FF0000000000002).view(np.float64)
"""The value that ends a series (https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers).

A signalling NaN: it has to be moved as it is, for arithmetic would turn it into another NaN.
"""

_TIMESERIES_TAG: Final = 0x0A  # field 1, length-delimited
_LABELS_TAG: Final = 0x0A  # field 1, length-delimited
_SAMPLES_TAG: Final = 0x12  # field 2, length-delimited
_VALUE_TAG: Final = 0x09  # field 1, 64 bits
_TIMESTAMP_TAG: Final = 0x10  # field 2, varint


class LabelTable:
    """Label sets ready to be sent. A row is a set's place in the order given; `__name__` is a label like any other."""

    def __init__(self, label_sets: Iterable[Labels]) -> None:
        """Raises ValueError for a set that is not sorted or has a name twice: the receiver may rely on order."""
        encoded = [_encode_labels(labels) for labels in label_sets]
        self.bytes = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        self.starts = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(labels) for labels in encoded], out=self.starts[1:])

    def __len__(self) -> int:
        return len(self.starts) - 1


def encode_write_request(
    table: LabelTable,
    rows: NDArray[np.int64],
    counts: NDArray[np.int64],
    times_ms: NDArray[np.int64],
    values: NDArray[np.float64],
) -> bytes:
    """A WriteRequest, not compressed yet.

    Series `i` of it is row `rows[i]` of the table with the next `counts[i]` samples of `times_ms` and `values`, which
    have to rise in time. Raises ValueError where the counts do not add up.
    """
    if len(rows) != len(counts) or len(times_ms) != len(values) or int(counts.sum()) != len(times_ms):
        raise ValueError(
            f"{len(rows)} rows, {counts.sum()} samples counted, {len(times_ms)} times, {len(values)} values"
        )
    sizes = np.empty(len(rows), dtype=np.int64)
    message = np.empty(_measure(table.starts, rows, counts, times_ms, sizes), dtype=np.uint8)
    _fill(table.bytes, table.starts, rows, counts, times_ms, values.view(np.uint64), sizes, message)
    return message.tobytes()


def compress(message: bytes) -> bytes:
    """A snappy block (not the framed format), as the protocol wants it."""
    return bytes(cramjam.snappy.compress_raw(message))


def _encode_labels(labels: Labels) -> bytes:
    names = [name for name, _ in labels]
    if names != sorted(set(names)):
        raise ValueError(f"labels have to be sorted, each name once: {labels}")
    parts = bytearray()
    for name, value in labels:
        pair = _text(0x0A, name) + _text(0x12, value)
        parts += bytes([_LABELS_TAG]) + _varint(len(pair)) + pair
    return bytes(parts)


def _text(tag: int, text: str) -> bytes:
    encoded = text.encode()
    return bytes([tag]) + _varint(len(encoded)) + encoded


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


@inlined
def _varint_size(number: np.uint64) -> int:
    size = 1
    while number >= np.uint64(0x80):
        number >>= np.uint64(7)
        size += 1
    return size


@inlined
def _put_varint(message: NDArray[np.uint8], at: int, number: np.uint64) -> int:
    while number >= np.uint64(0x80):
        message[at] = np.uint8((number & np.uint64(0x7F)) | np.uint64(0x80))
        number >>= np.uint64(7)
        at += 1
    message[at] = np.uint8(number)
    return at + 1


@inlined
def _sample_size(time_ms: np.int64) -> int:
    return 10 + _varint_size(
        np.uint64(time_ms)
    )  # two tags and the double; a negative time is ten bytes, as in protobuf


@kernel
def _measure(
    starts: NDArray[np.int64],
    rows: NDArray[np.int64],
    counts: NDArray[np.int64],
    times_ms: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> int:
    """Fill in the size of each TimeSeries; the size of the whole."""
    total = 0
    sample = 0
    for i in range(len(rows)):
        size = starts[rows[i] + 1] - starts[rows[i]]
        for _ in range(counts[i]):
            size += 2 + _sample_size(times_ms[sample])  # its tag and its length, which is one byte
            sample += 1
        sizes[i] = size
        total += 1 + _varint_size(np.uint64(size)) + size
    return total


@kernel
def _fill(
    labels: NDArray[np.uint8],
    starts: NDArray[np.int64],
    rows: NDArray[np.int64],
    counts: NDArray[np.int64],
    times_ms: NDArray[np.int64],
    values: NDArray[np.uint64],
    sizes: NDArray[np.int64],
    message: NDArray[np.uint8],
) -> None:
    at = 0
    sample = 0
    for i in range(len(rows)):
        message[at] = _TIMESERIES_TAG
        at = _put_varint(message, at + 1, np.uint64(sizes[i]))
        for k in range(starts[rows[i]], starts[rows[i] + 1]):
            message[at] = labels[k]
            at += 1
        for _ in range(counts[i]):
            message[at] = _SAMPLES_TAG
            message[at + 1] = np.uint8(_sample_size(times_ms[sample]))
            message[at + 2] = _VALUE_TAG
            at += 3
            bits = values[sample]
            for _ in range(8):
                message[at] = np.uint8(bits & np.uint64(0xFF))
                bits >>= np.uint64(8)
                at += 1
            message[at] = _TIMESTAMP_TAG
            at = _put_varint(message, at + 1, np.uint64(times_ms[sample]))
            sample += 1
