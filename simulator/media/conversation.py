"""The reports that sessions exchange: what one says in RTCP, and what it makes of what the others say.

The first goes out at once and asks the relay whether it is there (RFC 3550, section 6.2, allows a delay of zero to
unicast sessions); the next two after a second each, then every five, each at a random part of its interval
(appendix A.7), longer in large rooms, so that reports stay within 5 % of a voice's bandwidth for each member.

Who talks measures the round trip by sender reports (LSR and DLSR); who only listens by RFC 3611's reference times.
"""

from __future__ import annotations

import random
from typing import Any, Final

from simulator.media.hearing import Heard
from simulator.media.packets import HERE, KNOCK, NEXT
from simulator.media.sessions import Session, Sessions, Streams
from simulator.wire.rtcp import (
    Application,
    ExtendedReport,
    Goodbye,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SinceReference,
    SourceDescription,
    encode_rtcp,
    middle,
    ntp_time,
    round_trip_seconds,
)
from simulator.wire.rtp import CLOCK_HZ

REPORT_SECONDS: Final = 5.0
EARLY_REPORTS: Final = 2
EARLY_SECONDS: Final = 1.0
_MEMBER_SECONDS: Final = 0.3
"""120 bytes of a report in 5 % of 64 kbit/s."""
_SPREAD: Final = 1.21828
"""Of appendix A.7: e - 3/2, by which the random part makes intervals too long."""
_MOST_TOLD: Final = 10
"""Talkers, and listeners, in one report: it has to fit into a datagram of the relay's."""


def seconds_to_next(session: Session, draw: random.Random) -> float:
    """How long to wait for the next report."""
    if session.compounds <= EARLY_REPORTS:
        return EARLY_SECONDS * (0.5 + draw.random())
    usual = max(REPORT_SECONDS, _MEMBER_SECONDS * (1 + len(session.references)))
    return usual * (0.5 + draw.random()) / _SPREAD


def compose(
    session: Session, sessions: Sessions, streams: Streams, wall_ns: int, stamp: int, *, goodbye: bool = False
) -> bytes:
    """What a session has to say now. `stamp` is its RTP time stamp of this instant."""
    speaker = sessions.speakers[session.place]
    ssrc = session.join.ssrc
    ntp = ntp_time(wall_ns)
    packets = int(speaker["packets"])
    heard = streams.of(session.place)
    blocks = _blocks(session, streams, heard, wall_ns)
    parts: list[RtcpPacket] = []
    if packets > session.packets_told[1]:  # it sent something since our report before the last one (section 6.4)
        parts.append(
            SenderReport(ssrc, ntp, stamp, packets & 0xFFFF_FFFF, int(speaker["octets"]) & 0xFFFF_FFFF, blocks)
        )
        reference = None
    else:
        parts.append(ReceiverReport(ssrc, blocks))
        reference = ntp
    session.packets_told = (packets, session.packets_told[0])
    parts.append(SourceDescription(ssrc, session.join.session.encode()[:60].decode(errors="ignore")))
    told = {block.ssrc for block in blocks}
    replies = tuple(
        SinceReference(other, last, _since(wall_ns, came))
        for other, (last, came) in session.references.items()
        if other not in told
    )[-_MOST_TOLD:]
    if reference is not None or replies:
        parts.append(ExtendedReport(ssrc, reference, replies))
    if goodbye:
        following = int(speaker["sequence"]) & 0xFFFF
        parts += [Application(ssrc, NEXT.decode(), following.to_bytes(4, "big"), int(packets > 0)), Goodbye((ssrc,))]
    session.compounds += 1
    return encode_rtcp(*parts)


def knock(session: Session) -> bytes:
    """Asks the relay for an answer."""
    ssrc = session.join.ssrc
    return encode_rtcp(ReceiverReport(ssrc), Application(ssrc, KNOCK.decode()))


def understand(
    session: Session, sessions: Sessions, streams: Streams, packets: tuple[RtcpPacket, ...], wall_ns: int
) -> None:
    """Take in a compound packet that came at an instant. What the relay says of itself is not for here."""
    whose = packets[0].ssrc if isinstance(packets[0], SenderReport | ReceiverReport) else 0
    arrived = ntp_time(wall_ns)
    following: int | None = None
    for packet in packets:
        match packet:
            case SenderReport():
                session.references[whose] = (middle(packet.ntp), wall_ns)
                _trips(session, sessions, packet.blocks, arrived)
            case ReceiverReport():
                _trips(session, sessions, packet.blocks, arrived)
            case ExtendedReport():
                if packet.reference_ntp is not None:
                    session.references[whose] = (middle(packet.reference_ntp), wall_ns)
                for reply in packet.replies:
                    if reply.ssrc == session.join.ssrc:
                        _trip(session, sessions, arrived, reply.last_reference, reply.since_reference)
            case Application(name="NEXT", subtype=1):
                following = int.from_bytes(packet.data, "big")
            case Goodbye():
                session.references.pop(whose, None)
                _ended(session, streams, whose, following, wall_ns)
            case _:
                pass


def is_answer(packets: tuple[RtcpPacket, ...]) -> bool:
    """Whether the relay answers a knock."""
    return any(isinstance(packet, Application) and packet.name == HERE.decode() for packet in packets)


def _blocks(session: Session, streams: Streams, heard: Any, wall_ns: int) -> tuple[ReportBlock, ...]:
    """One for each talker heard since our last report, those not told for longest first."""
    rows = streams.rows
    fresh = [int(place) for place in heard if rows[place]["received"] > rows[place]["received_before"]]
    found = []
    for place in fresh[:_MOST_TOLD]:
        row = rows[place]
        expected = int(row["highest"] - row["base"]) + 1
        received = int(row["received"])
        since = expected - int(row["expected_before"])
        lost_since = since - (received - int(row["received_before"]))
        row["expected_before"] = expected
        row["received_before"] = received
        last, came = session.references.get(int(row["ssrc"]), (0, wall_ns))
        found.append(
            ReportBlock(
                ssrc=int(row["ssrc"]),
                fraction_lost=min((lost_since << 8) // since, 255) if since > 0 and lost_since > 0 else 0,
                lost=expected - received,
                highest=int(row["highest"]) & 0xFFFF_FFFF,
                jitter=int(row["jitter"] * CLOCK_HZ / 1000),
                last_report=last,
                since_report=_since(wall_ns, came) if last else 0,
            )
        )
    return tuple(found)


def _since(now_ns: int, then_ns: int) -> int:
    return min(max((now_ns - then_ns) * 65536 // 1_000_000_000, 0), 0xFFFF_FFFF)


def _trips(session: Session, sessions: Sessions, blocks: tuple[ReportBlock, ...], arrived: int) -> None:
    for block in blocks:
        if block.ssrc == session.join.ssrc and block.last_report:
            _trip(session, sessions, arrived, block.last_report, block.since_report)


def _trip(session: Session, sessions: Sessions, arrived: int, last: int, since: int) -> None:
    trip = 1000 * round_trip_seconds(arrived, last, since)
    counters = sessions.heard[session.place]
    counters[Heard.TRIP] += trip
    counters[Heard.TRIPS] += 1
    counters[Heard.TRIP_MOST] = max(counters[Heard.TRIP_MOST], trip)
    session.trip_ms = trip


def _ended(session: Session, streams: Streams, ssrc: int, following: int | None, wall_ns: int) -> None:
    """A talker said goodbye: its last number is known now."""
    place = streams.find(session.place, ssrc)
    if place is None:
        return
    row = streams.rows[place]
    highest = int(row["highest"])
    row["ended_ns"] = wall_ns
    row["ended"] = highest + 1
    if following is not None:
        row["ended"] = highest + ((following - highest + 0x8000) & 0xFFFF) - 0x8000
