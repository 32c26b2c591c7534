"""When sessions report, and what they say beside their plain reports: is the relay there, and goodbye.

The first word goes out at once and asks the relay for an answer (RFC 3550, section 6.2, allows a delay of zero to
unicast sessions); the next two after a second each, then every five, each at a random part of its interval (appendix
A.7), longer in large rooms, so that reports stay within 5 % of a voice's bandwidth for each member.

Who talks measures the round trip by sender reports (LSR and DLSR); who only listens by RFC 3611's reference times.
"""

from __future__ import annotations

import random
from typing import Final

from simulator.media.packets import HERE, KNOCK, NEXT
from simulator.media.sessions import Session, Sessions, Streams
from simulator.wire.rtcp import (
    Application,
    Goodbye,
    ReceiverReport,
    RtcpPacket,
    SenderReport,
    SourceDescription,
    encode_rtcp,
    ntp_time,
)

REPORT_SECONDS: Final = 5.0
EARLY_REPORTS: Final = 2
EARLY_SECONDS: Final = 1.0
_MEMBER_SECONDS: Final = 0.3
"""120 bytes of a report in 5 % of 64 kbit/s."""
_SPREAD: Final = 1.21828
"""Of appendix A.7: e - 3/2, by which the random part makes intervals too long."""


def seconds_to_next(session: Session, others: int, draw: random.Random) -> float:
    """How long to wait for the next report, in a room with so many others."""
    if session.compounds < EARLY_REPORTS:
        return EARLY_SECONDS * (0.5 + draw.random())
    usual = max(REPORT_SECONDS, _MEMBER_SECONDS * (1 + others))
    return usual * (0.5 + draw.random()) / _SPREAD


def knock(session: Session) -> bytes:
    """Asks the relay for an answer."""
    ssrc = session.join.ssrc
    return encode_rtcp(ReceiverReport(ssrc), Application(ssrc, KNOCK.decode()))


def is_answer(packets: tuple[RtcpPacket, ...]) -> bool:
    """Whether the relay answers a knock."""
    return any(isinstance(packet, Application) and packet.name == HERE.decode() for packet in packets)


def goodbye(session: Session, sessions: Sessions, wall_ns: int, stamp: int) -> bytes:
    """The last word: how much was sent, and up to which number. `stamp` is the RTP time stamp of this instant."""
    speaker = sessions.speakers[session.place]
    ssrc = session.join.ssrc
    packets = int(speaker["packets"])
    report: RtcpPacket = ReceiverReport(ssrc)
    if packets:
        octets = int(speaker["octets"]) & 0xFFFF_FFFF
        report = SenderReport(ssrc, ntp_time(wall_ns), stamp, packets & 0xFFFF_FFFF, octets)
    following = int(speaker["sequence"]) & 0xFFFF
    return encode_rtcp(
        report,
        SourceDescription(ssrc, bytes(session.name).decode(errors="ignore")),
        Application(ssrc, NEXT.decode(), following.to_bytes(4, "big"), int(packets > 0)),
        Goodbye((ssrc,)),
    )


def hear_goodbye(
    session: Session,
    streams: Streams,
    sessions: Sessions,
    packets: tuple[RtcpPacket, ...],
    wall_ns: int,
) -> None:
    """Another has left: its last number is known now. What of it is under way still counts, for a while."""
    following: int | None = None
    for packet in packets:
        match packet:
            case Application(name="NEXT", subtype=1):
                following = int.from_bytes(packet.data, "big")
            case Goodbye(ssrcs=(ssrc, *_)):
                place = streams.find(session.place, ssrc)
                if place is None:
                    continue
                row = streams.hearing.rows[place]
                if not row["heard_ns"]:
                    streams.end(place, sessions.heard)
                    continue
                highest = int(row["highest"])
                row["ended_ns"] = wall_ns
                row["ended"] = highest + 1
                if following is not None:
                    row["ended"] = highest + ((following - highest + 0x8000) & 0xFFFF) - 0x8000
            case _:
                pass
