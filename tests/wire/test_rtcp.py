"""RTCP as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    decode_rtcp,
    encode_rtcp,
)

U32 = st.integers(0, 0xFFFF_FFFF)
U64 = st.integers(0, 0xFFFF_FFFF_FFFF_FFFF)
NAMES = st.text(max_size=60).filter(lambda text: len(text.encode()) <= 255)
BLOCKS = st.lists(
    st.builds(ReportBlock, U32, st.integers(0, 255), st.integers(-(1 << 23), (1 << 23) - 1), U32, U32, U32, U32),
    max_size=31,
).map(tuple)
REPORTS = st.builds(SenderReport, U32, U64, U32, U32, U32, BLOCKS) | st.builds(ReceiverReport, U32, BLOCKS)
OTHERS: st.SearchStrategy[RtcpPacket] = st.one_of(
    REPORTS,
    st.builds(SourceDescription, U32, NAMES),
    st.builds(Goodbye, st.lists(U32, max_size=31).map(tuple), NAMES),
    st.builds(
        Application,
        U32,
        st.text("ABCabc01", min_size=4, max_size=4),
        st.lists(st.binary(min_size=4, max_size=4)).map(b"".join),
        st.integers(0, 31),
    ),
    st.builds(
        ExtendedReport, U32, st.none() | U64, st.lists(st.builds(SinceReference, U32, U32, U32), max_size=9).map(tuple)
    ),
)


@given(REPORTS, st.lists(OTHERS, max_size=4))
def test_what_is_encoded_is_read_back(report: RtcpPacket, others: list[RtcpPacket]) -> None:
    data = encode_rtcp(report, *others)
    assert decode_rtcp(data) == (report, *others)
    assert len(data) % 4 == 0


@given(
    st.binary(max_size=80) | st.tuples(REPORTS, st.binary(max_size=40)).map(lambda two: encode_rtcp(two[0]) + two[1])
)
def test_any_bytes_are_packets_or_a_clear_no(data: bytes) -> None:
    try:
        decode_rtcp(data)
    except ValueError:
        pass


@pytest.mark.parametrize("cut", range(1, 28))
def test_a_packet_cut_short_is_none(cut: int) -> None:
    data = encode_rtcp(SenderReport(1, 2, 3, 4, 5))
    assert len(data) == 28
    with pytest.raises(ValueError, match=r"left over|longer than"):
        decode_rtcp(data[:cut])


def test_a_compound_packet_begins_with_a_report() -> None:
    with pytest.raises(ValueError, match="begins with a report"):
        decode_rtcp(encode_rtcp(Goodbye((1,))))


def test_types_not_known_here_are_skipped() -> None:
    data = encode_rtcp(ReceiverReport(1))
    feedback = bytes.fromhex("81cd0002 00000001 00000002")  # RFC 4585
    assert decode_rtcp(data + feedback + encode_rtcp(Goodbye((1,)))) == (ReceiverReport(1), Goodbye((1,)))
