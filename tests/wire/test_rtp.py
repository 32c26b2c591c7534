"""RTP as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.wire.rtp import Extension, RtpPacket, decode_rtp, encode_rtp

PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFF_FFFF),
    ssrc=st.integers(0, 0xFFFF_FFFF),
    payload=st.binary(max_size=300),
    marker=st.booleans(),
    csrcs=st.lists(st.integers(0, 0xFFFF_FFFF), max_size=15).map(tuple),
    extension=st.none()
    | st.builds(
        Extension, profile=st.integers(0, 0xFFFF), data=st.lists(st.binary(min_size=4, max_size=4)).map(b"".join)
    ),
    padding=st.integers(0, 255),
)


def test_a_packet_by_hand() -> None:
    """RFC 3550, section 5.1, field by field."""
    packet = RtpPacket(
        payload_type=111, sequence=0x1234, timestamp=0x01020304, ssrc=0xAABBCCDD, payload=b"\x78", marker=True
    )
    assert encode_rtp(packet) == bytes.fromhex("80 ef 1234 01020304 aabbccdd 78")


@given(PACKETS)
def test_what_is_encoded_is_read_back(packet: RtpPacket) -> None:
    assert decode_rtp(encode_rtp(packet)) == packet


@given(st.binary(max_size=60))
def test_any_bytes_are_a_packet_or_a_clear_no(data: bytes) -> None:
    try:
        packet = decode_rtp(data)
    except ValueError:
        return
    again = encode_rtp(packet)
    assert len(again) == len(data)
    assert decode_rtp(again) == packet


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("80ef", "12 bytes"),
        ("40ef 1234 01020304 aabbccdd", "version 1"),
        ("81ef 1234 01020304 aabbccdd", "contributing"),
        ("90ef 1234 01020304 aabbccdd bede0001", "extension"),
        ("a0ef 1234 01020304 aabbccdd 0005", "padding"),
    ],
)
def test_what_is_no_packet(data: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode_rtp(bytes.fromhex(data))
