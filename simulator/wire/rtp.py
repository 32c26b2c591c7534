"""RTP packets: RFC 3550, section 5. Plain and checked; the media processes' kernels write the same bytes by the batch.

 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
|V=2|P|X|  CC   |M|     PT      |            sequence           |
|                           timestamp                           |
|                             SSRC                              |
|                       CSRC, CC of them                        |
|      extension's profile      |   its length in 32-bit words  |  with X
|                        extension's data                       |
|                payload, padding, length of padding            |
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

VERSION: Final = 2
HEADER_BYTES: Final = 12
CLOCK_HZ: Final = 48_000
"""Of Opus, whatever it is fed with (RFC 7587, section 4.1)."""
FRAME_MS: Final = 20
FRAME_TICKS: Final = CLOCK_HZ * FRAME_MS // 1000
OPUS_PAYLOAD_TYPE: Final = 111
"""Dynamic; the one that browsers offer."""

_HEADER: Final = struct.Struct("!BBHII")
_WORD: Final = struct.Struct("!HH")


@dataclass(frozen=True)
class Extension:
    """A header extension (section 5.3.1): what `data` means is the profile's affair. Raises ValueError."""

    profile: int
    data: bytes = b""

    def __post_init__(self) -> None:
        if len(self.data) % 4 or len(self.data) // 4 > 0xFFFF:
            raise ValueError(f"an extension has whole 32-bit words, up to 65535: {len(self.data)} bytes")
        _within("profile", self.profile, 16)


@dataclass(frozen=True)
class RtpPacket:
    """One packet. Raises ValueError where a field does not fit."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: Extension | None = None
    padding: int = 0  # bytes, the last of which says how many

    def __post_init__(self) -> None:
        _within("payload_type", self.payload_type, 7)
        _within("sequence", self.sequence, 16)
        _within("timestamp", self.timestamp, 32)
        _within("ssrc", self.ssrc, 32)
        _within("padding", self.padding, 8)
        if len(self.csrcs) > 15:
            raise ValueError(f"{len(self.csrcs)} contributing sources; 15 fit")
        for csrc in self.csrcs:
            _within("csrc", csrc, 32)


def encode_rtp(packet: RtpPacket) -> bytes:
    """The bytes of a packet."""
    first = VERSION << 6 | bool(packet.padding) << 5 | (packet.extension is not None) << 4 | len(packet.csrcs)
    second = packet.marker << 7 | packet.payload_type
    parts = [_HEADER.pack(first, second, packet.sequence, packet.timestamp, packet.ssrc)]
    parts.append(struct.pack(f"!{len(packet.csrcs)}I", *packet.csrcs))
    if packet.extension is not None:
        parts += [_WORD.pack(packet.extension.profile, len(packet.extension.data) // 4), packet.extension.data]
    parts.append(packet.payload)
    if packet.padding:
        parts.append(bytes(packet.padding - 1) + bytes([packet.padding]))
    return b"".join(parts)


def decode_rtp(data: bytes) -> RtpPacket:
    """The packet of some bytes. Raises ValueError where they are none."""
    if len(data) < HEADER_BYTES:
        raise ValueError(f"an RTP header has {HEADER_BYTES} bytes, these are {len(data)}")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != VERSION:
        raise ValueError(f"RTP version {first >> 6}; this is version {VERSION}")
    at = HEADER_BYTES + 4 * (first & 15)
    if at > len(data):
        raise ValueError("the list of contributing sources is longer than the packet")
    csrcs = struct.unpack_from(f"!{first & 15}I", data, HEADER_BYTES)
    extension = None
    if first & 0x10:
        if at + 4 > len(data):
            raise ValueError("the header extension is longer than the packet")
        profile, words = _WORD.unpack_from(data, at)
        ends = at + 4 + 4 * words
        if ends > len(data):
            raise ValueError("the header extension is longer than the packet")
        extension = Extension(profile, data[at + 4 : ends])
        at = ends
    padding = 0
    if first & 0x20:
        padding = data[-1]
        if not 0 < padding <= len(data) - at:
            raise ValueError(f"{padding} bytes of padding in a payload of {len(data) - at}")
    return RtpPacket(
        payload_type=second & 0x7F,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=data[at : len(data) - padding],
        marker=bool(second & 0x80),
        csrcs=csrcs,
        extension=extension,
        padding=padding,
    )


def _within(name: str, value: int, bits: int) -> None:
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{name} {value} does not fit into {bits} bits")
