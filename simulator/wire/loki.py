"""Log lines as Loki takes them on `/loki/api/v1/push`: protobuf in a snappy block, or JSON.

Sources: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs ; push.proto, of which matter

    PushRequest     1: repeated Stream
    Stream          1: string labels       2: repeated Entry
    Entry           1: Timestamp           2: string line
    Timestamp       1: int64 seconds       2: int32 nanos

Label sets are encoded once. Lines are laid between them by a compiled kernel, from the buffer in which they were
rendered: there is no Python object for a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cramjam
import numpy as np
import orjson
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.telemetry.samples import Labels
from simulator.wire.tsdb.varints import put_uvarint, uvarint

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_STREAM_TAG: Final = 0x0A  # field 1 of the request, length-delimited
_LABELS_TAG: Final = 0x0A  # field 1 of a stream, length-delimited
_ENTRY_TAG: Final = 0x12  # field 2 of a stream, length-delimited
_TIME_TAG: Final = 0x0A  # field 1 of an entry, length-delimited
_LINE_TAG: Final = 0x12  # field 2 of an entry, length-delimited
_SECONDS_TAG: Final = 0x08  # field 1 of a timestamp, varint
_NANOS_TAG: Final = 0x10  # field 2 of a timestamp, varint

_OPEN: Final = np.frombuffer(b'{"streams":[', dtype=np.uint8)
_CLOSE: Final = np.frombuffer(b"]}", dtype=np.uint8)
_QUOTE, _BACKSLASH, _COMMA, _ZERO, _LOWER_U, _LEFT, _RIGHT, _BRACE = (ord(c) for c in '"\\,0u[]}')
_SHORT: Final = np.zeros(32, dtype=np.uint8)
_SHORT[[8, 9, 10, 12, 13]] = [ord(c) for c in "btnfr"]
_HEX: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_TIME_DIGITS: Final = 19  # of nanoseconds between 2001 and 2262


@dataclass(frozen=True)
class PushLines:
    """Lines in the order of time: their streams, times (ns since the Unix epoch), and where they are in `text`."""

    stream: Ints
    at_ns: Ints
    first: Ints
    length: Ints
    text: Bytes

    def __len__(self) -> int:
        return len(self.stream)


class ProtobufFormat:
    """Protobuf in a snappy block, as Promtail sends it."""

    def __init__(self, streams: Sequence[Labels]) -> None:
        self.headers = {"Content-Type": "application/x-protobuf"}
        encoded = [_labels_field(labels) for labels in streams]
        self._labels, self._starts = _table(encoded)

    def encode(self, lines: PushLines) -> bytes:
        return bytes(cramjam.snappy.compress_raw(self.message(lines).data))

    def message(self, lines: PushLines) -> Bytes:
        """The request before it is compressed. Raises ValueError for a time before 1970."""
        order = _grouped(lines)
        sizes = np.zeros(len(self._starts) - 1, dtype=np.int64)
        out = np.empty(_measure(self._starts, order, lines.stream, lines.at_ns, lines.length, sizes), dtype=np.uint8)
        _fill(
            self._labels,
            self._starts,
            order,
            lines.stream,
            lines.at_ns,
            lines.first,
            lines.length,
            lines.text,
            sizes,
            out,
        )
        return out


class JsonFormat:
    """JSON, not compressed: for a person with tcpdump, and receivers that take nothing else."""

    def __init__(self, streams: Sequence[Labels]) -> None:
        self.headers = {"Content-Type": "application/json"}
        encoded = [b'{"stream":' + orjson.dumps(dict(labels)) + b',"values":[' for labels in streams]
        self._labels, self._starts = _table(encoded)

    def encode(self, lines: PushLines) -> bytes:
        """Raises ValueError for a time before 2001, which has fewer digits."""
        order = _grouped(lines)
        if len(lines) and int(lines.at_ns.min()) < 10 ** (_TIME_DIGITS - 1):
            raise ValueError("a line is from before 2001")
        longest = 6 * int(lines.length.sum()) + (_TIME_DIGITS + 8) * len(lines)
        used = np.unique(lines.stream)
        longest += int((self._starts[used + 1] - self._starts[used]).sum()) + 3 * len(used) + len(_OPEN) + len(_CLOSE)
        out = np.empty(longest, dtype=np.uint8)  # pages that are never touched cost nothing
        end = _write_json(
            self._labels, self._starts, order, lines.stream, lines.at_ns, lines.first, lines.length, lines.text, out
        )
        return out[:end].tobytes()


FORMATS: Final[dict[str, type[ProtobufFormat] | type[JsonFormat]]] = {"protobuf": ProtobufFormat, "json": JsonFormat}


def selector(labels: Labels) -> str:
    """A label set as Loki writes it: `{level="error", service="api"}`."""
    return "{" + ", ".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _labels_field(labels: Labels) -> bytes:
    text = selector(labels).encode()
    return bytes([_LABELS_TAG]) + uvarint(len(text)) + text


def _table(encoded: Sequence[bytes]) -> tuple[Bytes, Ints]:
    starts = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(one) for one in encoded], out=starts[1:])
    return np.frombuffer(b"".join(encoded) or b" ", dtype=np.uint8), starts


def _grouped(lines: PushLines) -> Ints:
    """The lines' places, stream by stream, in each of them as they came."""
    if len(lines) and int(lines.at_ns.min()) < 0:
        raise ValueError("a line is from before 1970")
    return np.argsort(lines.stream, kind="stable")


@inlined
def _varint_size(number: int) -> int:
    size = 1
    while number >= 0x80:
        number >>= 7
        size += 1
    return size


@inlined
def _time_size(at_ns: int) -> int:
    nanos = at_ns % 1_000_000_000
    return 1 + _varint_size(at_ns // 1_000_000_000) + (1 + _varint_size(nanos) if nanos else 0)


@inlined
def _entry_size(at_ns: int, length: int) -> int:
    return 2 + _time_size(at_ns) + 1 + _varint_size(length) + length  # a time's length is one byte


@kernel
def _measure(starts: Ints, order: Ints, stream: Ints, at_ns: Ints, length: Ints, sizes: Ints) -> int:
    """Fill in the size of each stream that has lines; the size of the whole."""
    for line in order:
        owner = stream[line]
        if sizes[owner] == 0:
            sizes[owner] = starts[owner + 1] - starts[owner]
        size = _entry_size(at_ns[line], length[line])
        sizes[owner] += 1 + _varint_size(size) + size
    total = 0
    for size in sizes:
        if size:
            total += 1 + _varint_size(size) + size
    return total


@kernel
def _fill(
    labels: Bytes,
    starts: Ints,
    order: Ints,
    stream: Ints,
    at_ns: Ints,
    first: Ints,
    length: Ints,
    text: Bytes,
    sizes: Ints,
    out: Bytes,
) -> None:
    at = 0
    before = -1
    for line in order:
        owner = stream[line]
        if owner != before:
            before = owner
            out[at] = _STREAM_TAG
            at = put_uvarint(out, at + 1, np.uint64(sizes[owner]))
            for place in range(starts[owner], starts[owner + 1]):
                out[at] = labels[place]
                at += 1
        seconds = at_ns[line] // 1_000_000_000
        nanos = at_ns[line] % 1_000_000_000
        size = length[line]
        out[at] = _ENTRY_TAG
        at = put_uvarint(out, at + 1, np.uint64(_entry_size(at_ns[line], size)))
        out[at] = _TIME_TAG
        out[at + 1] = _time_size(at_ns[line])
        out[at + 2] = _SECONDS_TAG
        at = put_uvarint(out, at + 3, np.uint64(seconds))
        if nanos:
            out[at] = _NANOS_TAG
            at = put_uvarint(out, at + 1, np.uint64(nanos))
        out[at] = _LINE_TAG
        at = put_uvarint(out, at + 1, np.uint64(size))
        begin = first[line]
        for place in range(size):
            out[at + place] = text[begin + place]
        at += size


@inlined
def _copied(source: Bytes, begin: int, end: int, out: Bytes, at: int) -> int:
    for place in range(begin, end):
        out[at] = source[place]
        at += 1
    return at


@inlined
def _escaped_byte(byte: int, out: Bytes, at: int) -> int:
    """One byte inside a JSON string (RFC 8259, section 7)."""
    if byte >= 32 and byte != _QUOTE and byte != _BACKSLASH:
        out[at] = byte
        return at + 1
    out[at] = _BACKSLASH
    if byte >= 32:
        out[at + 1] = byte
        return at + 2
    if _SHORT[byte]:
        out[at + 1] = _SHORT[byte]
        return at + 2
    out[at + 1] = _LOWER_U
    out[at + 2] = _ZERO
    out[at + 3] = _ZERO
    out[at + 4] = _HEX[byte >> 4]
    out[at + 5] = _HEX[byte & 15]
    return at + 6


@kernel
def _write_json(
    labels: Bytes,
    starts: Ints,
    order: Ints,
    stream: Ints,
    at_ns: Ints,
    first: Ints,
    length: Ints,
    text: Bytes,
    out: Bytes,
) -> int:
    """Write the request; where it ends."""
    at = _copied(_OPEN, 0, len(_OPEN), out, 0)
    before = -1
    for line in order:
        owner = stream[line]
        if owner != before:
            if before >= 0:
                out[at] = _RIGHT
                out[at + 1] = _BRACE
                out[at + 2] = _COMMA
                at += 3
            before = owner
            at = _copied(labels, starts[owner], starts[owner + 1], out, at)
        else:
            out[at] = _COMMA
            at += 1
        out[at] = _LEFT
        out[at + 1] = _QUOTE
        number = at_ns[line]
        for place in range(at + 1 + _TIME_DIGITS, at + 1, -1):
            out[place] = _ZERO + number % 10
            number //= 10
        at += 2 + _TIME_DIGITS
        out[at] = _QUOTE
        out[at + 1] = _COMMA
        out[at + 2] = _QUOTE
        at += 3
        for place in range(first[line], first[line] + length[line]):
            at = _escaped_byte(text[place], out, at)
        out[at] = _QUOTE
        out[at + 1] = _RIGHT
        at += 2
    if before >= 0:
        out[at] = _RIGHT
        out[at + 1] = _BRACE
        at += 2
    return _copied(_CLOSE, 0, len(_CLOSE), out, at)
