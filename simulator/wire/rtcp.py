"""RTCP packets: RFC 3550, section 6, and of RFC 3611 the two blocks that measure a listener's round trip.

A compound packet is some of these one after the other; the first is a report. What has a type that is not known here
is skipped, as section 6.1 wants it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203
APPLICATION: Final = 204
EXTENDED_REPORT: Final = 207
CNAME: Final = 1
MOST_BLOCKS: Final = 31

REFERENCE_TIME: Final = 4
SINCE_REFERENCE: Final = 5
"""Block types of RFC 3611, sections 4.4 and 4.5."""
NTP_EPOCH_SECONDS: Final = 2_208_988_800
"""From 1900 to 1970."""

_BLOCK: Final = struct.Struct("!IIIIII")


@dataclass(frozen=True)
class ReportBlock:
    """What was heard of one source (section 6.4.1)."""

    ssrc: int
    fraction_lost: int  # since the report before, in 1/256
    lost: int  # since the beginning; below 0 with duplicates
    highest: int  # sequence number, its cycles in the upper 16 bits
    jitter: int  # in ticks of the RTP clock
    last_report: int  # middle 32 bits of the NTP time of its last sender report; 0: none came
    since_report: int  # since that came, in 1/65536 s


@dataclass(frozen=True)
class SenderReport:
    ssrc: int
    ntp: int  # 64 bits
    timestamp: int  # the same instant by the RTP clock
    packets: int
    octets: int  # of payload
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True)
class SourceDescription:
    """Who a source is: its canonical name."""

    ssrc: int
    cname: str


@dataclass(frozen=True)
class Goodbye:
    ssrcs: tuple[int, ...]
    reason: str = ""


@dataclass(frozen=True)
class Application:
    """Anything that an application needs (section 6.7); `name` has four ASCII characters."""

    ssrc: int
    name: str
    data: bytes = b""
    subtype: int = 0


@dataclass(frozen=True)
class SinceReference:
    """A reply to another's reference time: that time's middle 32 bits, and 1/65536 s since it came."""

    ssrc: int
    last_reference: int
    since_reference: int


@dataclass(frozen=True)
class ExtendedReport:
    """Round trips of those who send nothing: their reference time, and replies to such of others (RFC 3611)."""

    ssrc: int
    reference_ntp: int | None = None
    replies: tuple[SinceReference, ...] = ()


RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye | Application | ExtendedReport


def ntp_time(unix_ns: int) -> int:
    """NTP's 64-bit time of nanoseconds since 1970: seconds since 1900, and 2^-32 s."""
    seconds, rest = divmod(unix_ns, 1_000_000_000)
    return (seconds + NTP_EPOCH_SECONDS) % (1 << 32) << 32 | (rest << 32) // 1_000_000_000


def encode_rtcp(*packets: RtcpPacket) -> bytes:
    """A compound packet. Raises struct.error or ValueError where a field does not fit."""
    return b"".join(_encode(packet) for packet in packets)


def decode_rtcp(data: bytes) -> tuple[RtcpPacket, ...]:
    """The packets of a compound one. Raises ValueError where it is none (the checks of RFC 3550, appendix A.2)."""
    found: list[RtcpPacket] = []
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise ValueError(f"{len(data) - at} bytes are left over")
        first, kind, words = struct.unpack_from("!BBH", data, at)
        ends = at + 4 * (words + 1)
        if first >> 6 != 2:
            raise ValueError(f"RTCP version {first >> 6}; this is version 2")
        if at == 0 and (kind not in (SENDER_REPORT, RECEIVER_REPORT) or first & 0x20):
            raise ValueError(f"a compound packet begins with a report, not with type {kind}")
        if ends > len(data):
            raise ValueError(f"a packet of type {kind} is longer than its datagram")
        body = data[at + 4 : ends]
        if first & 0x20:
            if ends != len(data) or not 0 < body[-1] <= len(body) or body[-1] % 4:
                raise ValueError("padding is the last packet's, in whole words")
            body = body[: len(body) - body[-1]]
        try:
            packet = _decode(kind, first & 31, body)
        except (struct.error, UnicodeDecodeError, IndexError) as error:
            raise ValueError(f"a packet of type {kind} is cut short: {error}") from error
        if packet is not None:
            found.append(packet)
        at = ends
    if not found:
        raise ValueError("an empty datagram")
    return tuple(found)


def _encode(packet: RtcpPacket) -> bytes:
    match packet:
        case SenderReport():
            head = struct.pack("!IQIII", packet.ssrc, packet.ntp, packet.timestamp, packet.packets, packet.octets)
            return _framed(SENDER_REPORT, len(packet.blocks), head + _blocks(packet.blocks))
        case ReceiverReport():
            return _framed(RECEIVER_REPORT, len(packet.blocks), struct.pack("!I", packet.ssrc) + _blocks(packet.blocks))
        case SourceDescription():
            name = packet.cname.encode()
            items = struct.pack("!IBB", packet.ssrc, CNAME, len(name)) + name
            return _framed(SOURCE_DESCRIPTION, 1, items + bytes(4 - len(items) % 4))  # one zero at least ends the list
        case Goodbye():
            reason = packet.reason.encode()
            said = bytes([len(reason)]) + reason if reason else b""
            body = struct.pack(f"!{len(packet.ssrcs)}I", *packet.ssrcs) + said
            return _framed(GOODBYE, len(packet.ssrcs), body + bytes(-len(body) % 4))
        case Application():
            name = packet.name.encode("ascii")
            if len(name) != 4 or len(packet.data) % 4:
                raise ValueError(f"a name of four characters and whole words: {packet.name!r}, {len(packet.data)}")
            return _framed(APPLICATION, packet.subtype, struct.pack("!I", packet.ssrc) + name + packet.data)
        case ExtendedReport():
            body = struct.pack("!I", packet.ssrc)
            if packet.reference_ntp is not None:
                body += struct.pack("!BBHQ", REFERENCE_TIME, 0, 2, packet.reference_ntp)
            if packet.replies:
                body += struct.pack("!BBH", SINCE_REFERENCE, 0, 3 * len(packet.replies))
                for reply in packet.replies:
                    body += struct.pack("!III", reply.ssrc, reply.last_reference, reply.since_reference)
            return _framed(EXTENDED_REPORT, 0, body)


def _framed(kind: int, count: int, body: bytes) -> bytes:
    if not 0 <= count <= MOST_BLOCKS:
        raise ValueError(f"{count} in a packet of type {kind}; 31 fit")
    return struct.pack("!BBH", 2 << 6 | count, kind, len(body) // 4) + body


def _blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | (max(min(block.lost, 0x7F_FFFF), -0x80_0000) & 0xFF_FFFF),
            block.highest,
            block.jitter,
            block.last_report,
            block.since_report,
        )
        for block in blocks
    )


def _decode(kind: int, count: int, body: bytes) -> RtcpPacket | None:
    match kind:
        case 200:
            ssrc, ntp, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
            return SenderReport(ssrc, ntp, timestamp, packets, octets, _read_blocks(body, 24, count))
        case 201:
            (ssrc,) = struct.unpack_from("!I", body)
            return ReceiverReport(ssrc, _read_blocks(body, 4, count))
        case 202:
            return _read_description(body) if count else None
        case 203:
            ssrcs = struct.unpack_from(f"!{count}I", body)
            rest = body[4 * count :]
            return Goodbye(ssrcs, rest[1 : 1 + rest[0]].decode() if rest else "")
        case 204:
            (ssrc,) = struct.unpack_from("!I", body)
            return Application(ssrc, body[4:8].decode("ascii"), body[8:], count)
        case 207:
            return _read_extended(body)
        case _:
            return None


def _read_blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    found = []
    for number in range(count):
        ssrc, losses, highest, jitter, last, since = _BLOCK.unpack_from(body, at + number * _BLOCK.size)
        lost = (losses & 0xFF_FFFF) - (0x100_0000 if losses & 0x80_0000 else 0)
        found.append(ReportBlock(ssrc, losses >> 24, lost, highest, jitter, last, since))
    return tuple(found)


def _read_description(body: bytes) -> SourceDescription | None:
    """The first source's canonical name; the other items are passed over."""
    (ssrc,) = struct.unpack_from("!I", body)
    at = 4
    while body[at]:
        kind, length = body[at], body[at + 1]
        if kind == CNAME:
            return SourceDescription(ssrc, body[at + 2 : at + 2 + length].decode())
        at += 2 + length
    return None


def _read_extended(body: bytes) -> ExtendedReport:
    (ssrc,) = struct.unpack_from("!I", body)
    reference: int | None = None
    replies: list[SinceReference] = []
    at = 4
    while at < len(body):
        kind, _, words = struct.unpack_from("!BBH", body, at)
        if kind == REFERENCE_TIME:
            (reference,) = struct.unpack_from("!Q", body, at + 4)
        elif kind == SINCE_REFERENCE:
            for number in range(words // 3):
                replies.append(SinceReference(*struct.unpack_from("!III", body, at + 4 + 12 * number)))
        at += 4 * (words + 1)
    return ExtendedReport(ssrc, reference, tuple(replies))
