"""Packets against python-socketio's own encoder and decoder, and payloads against python-engineio's."""

from __future__ import annotations

import contextlib
from typing import Any

import engineio.packet
import engineio.payload
import pytest
import socketio.packet
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.wire.socketio import (
    EngineType,
    Packet,
    PacketError,
    PacketType,
    decode_packet,
    decode_payload,
    encode_event,
    encode_packet,
    encode_payload,
    event_name,
)

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=3)
NAMESPACES = st.sampled_from(["/", "/admin", "/a-b_9"])
EVENTS = st.builds(lambda name, arguments: [name, *arguments], WORDS, st.lists(JSON, max_size=3))
NUMBERS = st.none() | st.integers(0, 10**6)
PACKETS = (
    st.builds(Packet, st.just(PacketType.CONNECT), st.none() | OBJECTS, NAMESPACES)
    | st.builds(Packet, st.just(PacketType.CONNECT_ERROR), OBJECTS, NAMESPACES)
    | st.builds(Packet, st.just(PacketType.DISCONNECT), st.none(), NAMESPACES)
    | st.builds(Packet, st.just(PacketType.EVENT), EVENTS, NAMESPACES, NUMBERS)
    | st.builds(Packet, st.just(PacketType.ACK), st.lists(JSON, max_size=3), NAMESPACES, st.integers(0, 10**6))
)


def theirs(packet: Packet) -> Any:
    return socketio.packet.Packet(
        packet_type=int(packet.type), data=packet.data, namespace=packet.namespace, id=packet.id, binary=False
    )


@settings(max_examples=40)
@given(PACKETS)
def test_python_socketio_reads_what_we_write(packet: Packet) -> None:
    read = socketio.packet.Packet(encoded_packet=encode_packet(packet).decode())
    assert (read.packet_type, read.namespace or "/", read.id, read.data) == (
        packet.type,
        packet.namespace,
        packet.id,
        packet.data,
    )


@settings(max_examples=40)
@given(PACKETS)
def test_we_read_what_python_socketio_writes(packet: Packet) -> None:
    assert decode_packet(theirs(packet).encode().encode()) == packet


@settings(max_examples=40)
@given(EVENTS)
def test_an_event_is_a_message_and_its_name_is_found(event: list[Any]) -> None:
    message = encode_event(*event)
    assert message == EngineType.MESSAGE.encode() + encode_packet(Packet(PacketType.EVENT, event))
    if event[0].isascii() and event[0].isprintable() and not set(event[0]) & {'"', "\\"}:
        assert event_name(message) == event[0].encode()


@pytest.mark.parametrize("message", [b"2", b"", b'42["', b'421["x"]', b'42/admin,["x"]', b"43[]"])
def test_what_is_no_plain_event_has_no_name(message: bytes) -> None:
    assert event_name(message) is None


def test_binary_packets_are_told_by_their_header() -> None:
    packet = socketio.packet.Packet(packet_type=socketio.packet.EVENT, data=["file", b"\1\2"], id=7, namespace="/x")
    header, attachment = packet.encode()
    assert attachment == b"\1\2"
    read = decode_packet(header.encode())
    assert (read.type, read.attachments, read.namespace, read.id) == (PacketType.BINARY_EVENT, 1, "/x", 7)
    assert encode_packet(read) == header.encode()


@given(st.lists(st.text(st.characters(exclude_characters="\x1e", exclude_categories=["Cs"]), max_size=9), max_size=9))
def test_payloads_are_those_of_python_engineio(texts: list[str]) -> None:
    packets = [engineio.packet.Packet(engineio.packet.MESSAGE, "~" + text) for text in texts]
    body = engineio.payload.Payload(packets=packets).encode().encode()
    ours = [b"4~" + text.encode() for text in texts]
    assert decode_payload(body) == ours
    assert encode_payload(ours) == body


@given(st.binary(max_size=30))
def test_any_bytes_are_a_packet_or_refused(text: bytes) -> None:
    with contextlib.suppress(PacketError):
        decode_packet(text)


@pytest.mark.parametrize("text", [b"", b"9", b"x", b'2["open', b"5[]", b"2{]"])
def test_text_that_is_no_packet_is_refused(text: bytes) -> None:
    with pytest.raises(PacketError):
        decode_packet(text)
