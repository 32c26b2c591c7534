"""Reports that are written and read by compiled code, against the plain codec."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.media.batches import PACKET_BYTES
from simulator.media.exchange import MOST_TOLD, write_report
from simulator.media.packets import FOR, RELAY_SSRC
from simulator.media.streams import Heard
from simulator.wire.rtcp import (
    Application,
    ExtendedReport,
    ReceiverReport,
    ReportBlock,
    RtcpPacket,
    SenderReport,
    SinceReference,
    SourceDescription,
    decode_rtcp,
    encode_rtcp,
    ntp_time,
)
from tests.media.listening import LISTENER, STARTED_NS, TALKER, Arrival, Listener

NOW_NS = STARTED_NS + 12_345_678_901
NTP_ERA_ENDS_NS = 2_085_978_496 * 10**9


def middle(unix_ns: int) -> int:
    """The middle 32 bits of the NTP time, 1/65536 s: how reports tell instants."""
    return ntp_time(unix_ns) >> 16 & 0xFFFF_FFFF


def written(listener: Listener, *, sends: bool) -> tuple[RtcpPacket, ...]:
    out = np.full(PACKET_BYTES, 0xFF, np.uint8)
    sessions, streams = listener.sessions, listener.streams
    place, name = listener.session.place, listener.session.name
    told = np.zeros(MOST_TOLD, np.int64)
    length = write_report(out, sessions.speakers, place, sends, streams.hearing, name, NOW_NS, 4711, told)
    return decode_rtcp(out[:length].tobytes())


def tell(listener: Listener, at_ns: int, *packets: RtcpPacket) -> int:
    """Somebody's report arrives, through the relay; whether it is left to Python."""
    data = encode_rtcp(*packets, Application(RELAY_SSRC, FOR.decode(), LISTENER.to_bytes(4, "big")))
    listener.put(0, data, at_ns)
    return listener.take(1)


def test_who_has_sent_and_heard_nothing_says_so_and_asks_for_the_round_trip() -> None:
    assert written(Listener(), sends=False) == (
        ReceiverReport(LISTENER),
        SourceDescription(LISTENER, "listener"),
        ExtendedReport(LISTENER, ntp_time(NOW_NS)),
    )


def test_a_sender_tells_its_packets_and_what_it_heard() -> None:
    listener = Listener(first=65_530)
    listener.sessions.speakers["packets"] = 7
    listener.sessions.speakers["octets"] = 1120
    assert tell(listener, STARTED_NS, SenderReport(TALKER, ntp_time(STARTED_NS), 1, 2, 3)) == 0
    listener.hear(Arrival(number, 3.0 * (number % 2)) for number in range(20) if number not in (4, 5))
    report, description = written(listener, sends=True)
    assert isinstance(report, SenderReport)
    assert (report.ssrc, report.ntp, report.timestamp, report.packets, report.octets) == (
        LISTENER,
        ntp_time(NOW_NS),
        4711,
        7,
        1120,
    )
    (block,) = report.blocks
    assert block == ReportBlock(
        ssrc=TALKER,
        fraction_lost=2 * 256 // 20,
        lost=2,
        highest=2 << 16 | ((65_530 + 19) & 0xFFFF),  # the generator counts cycles from 1
        jitter=int(listener.jitter_ms * 48),
        last_report=middle(STARTED_NS),
        since_report=(NOW_NS - STARTED_NS) * 65536 // 10**9,
    )
    assert description == SourceDescription(LISTENER, "listener")
    # nothing new since: no block, but who told the time is answered
    again = written(listener, sends=True)
    assert again[0] == SenderReport(LISTENER, ntp_time(NOW_NS), 4711, 7, 1120)
    assert again[2] == ExtendedReport(LISTENER, None, (SinceReference(TALKER, middle(STARTED_NS), block.since_report),))


@pytest.mark.parametrize("sent_ns", [STARTED_NS, NTP_ERA_ENDS_NS - 1, NTP_ERA_ENDS_NS - 1_100_000_000])
@pytest.mark.parametrize("by", ["block", "reply"])
def test_a_round_trip_is_read_from_either_kind_of_report(by: str, sent_ns: int) -> None:
    listener = Listener()
    last, held = middle(sent_ns), 65536  # held for a second
    at_ns = sent_ns + 1_250_000_000
    report = ReceiverReport(TALKER, (ReportBlock(99, 0, 0, 0, 0, 1, 1), ReportBlock(LISTENER, 0, 0, 0, 0, last, held)))
    if by == "block":
        told = tell(listener, at_ns, report)
    else:
        replies = (SinceReference(99, 1, 1), SinceReference(LISTENER, last, held))
        told = tell(listener, at_ns, ReceiverReport(TALKER), ExtendedReport(TALKER, ntp_time(at_ns), replies))
    assert told == 0
    assert listener.counters[Heard.TRIPS] == 1
    assert listener.counters[Heard.TRIP] == pytest.approx(250.0, abs=0.05)
    assert listener.counters[Heard.TRIP_LAST] == listener.counters[Heard.TRIP_MOST] == listener.counters[Heard.TRIP]


def test_the_worked_example_of_a_round_trip() -> None:
    """RFC 3550, figure 2: sent at b705:2000, held for 0005:4000, there at b710:8000, which makes 6.125 s."""
    listener = Listener()
    later = (0xB710_8000 - middle(STARTED_NS)) & 0xFFFF_FFFF  # 1/65536 s
    at_ns = STARTED_NS + -(-later * 10**9 // 65536)  # rounded up
    assert middle(at_ns) == 0xB710_8000
    tell(listener, at_ns, ReceiverReport(TALKER, (ReportBlock(LISTENER, 0, 0, 0, 0, 0xB705_2000, 0x0005_4000),)))
    assert listener.counters[Heard.TRIP] == 6125.0


def test_a_clock_that_was_set_back_makes_no_trip_of_days() -> None:
    listener = Listener()
    block = ReportBlock(LISTENER, 0, 0, 0, 0, middle(STARTED_NS + 5 * 10**9), 0)
    tell(listener, STARTED_NS, ReceiverReport(TALKER, (block,)))
    assert (listener.counters[Heard.TRIPS], listener.counters[Heard.TRIP]) == (1, 0)


def test_what_is_cut_short_is_read_as_far_as_it_goes() -> None:
    listener = Listener()
    data = encode_rtcp(ReceiverReport(TALKER, (ReportBlock(LISTENER, 0, 0, 0, 0, 1, 1),)))
    for cut in range(8, len(data)):
        listener.put(0, data[:cut] + FOR + bytes(8) + LISTENER.to_bytes(4, "big"), STARTED_NS)
        listener.take(1)
    assert listener.counters[Heard.TRIPS] == 0
