"""Frames against wsproto, an implementation of RFC 6455 by others, in both directions and cut up anywhere."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.handshake import H11Handshake

from simulator.wire.websocket import FrameReader, Handshake, HandshakeRefusedError, Opcode, WebSocketError, encode_frame

TEXTS = st.text(max_size=20) | st.sampled_from(["x" * 125, "x" * 126, "ü" * 100, "x" * 65535, "x" * 65536])
MASKS = st.binary(min_size=4, max_size=4)


def texts_of(peer: Connection) -> list[str]:
    """The whole text messages that the peer understood."""
    found, parts = [], []
    for event in peer.events():
        assert isinstance(event, TextMessage)
        parts.append(event.data)
        if event.message_finished:
            found.append("".join(parts))
            parts.clear()
    assert not parts
    return found


@given(st.lists(st.tuples(TEXTS, MASKS), max_size=4))
def test_a_server_understands_what_is_sent(messages: list[tuple[str, bytes]]) -> None:
    server = Connection(ConnectionType.SERVER)
    server.receive_data(b"".join(encode_frame(Opcode.TEXT, text.encode(), mask) for text, mask in messages))
    assert texts_of(server) == [text for text, _ in messages]


@given(MASKS, st.binary(max_size=100))
def test_control_frames_and_bytes_are_understood(mask: bytes, payload: bytes) -> None:
    server = Connection(ConnectionType.SERVER)
    for opcode in (Opcode.PING, Opcode.PONG, Opcode.BINARY, Opcode.CLOSE):
        server.receive_data(encode_frame(opcode, b"\x03\xe8" if opcode is Opcode.CLOSE else payload, mask))
    ping, pong, binary, close = server.events()
    assert isinstance(ping, Ping)
    assert isinstance(pong, Pong)
    assert isinstance(binary, BytesMessage)
    assert isinstance(close, CloseConnection)
    assert bytes(ping.payload) == bytes(pong.payload) == bytes(binary.data) == payload
    assert close.code == 1000


@settings(max_examples=40)
@given(st.data())
def test_what_a_server_sends_is_read_however_it_is_cut(data: st.DataObject) -> None:
    server = Connection(ConnectionType.SERVER)
    sent: list[tuple[int, bytes]] = []
    stream = b""
    for text in data.draw(st.lists(TEXTS, max_size=4)):
        payload = text.encode()
        if data.draw(st.booleans()):
            stream += server.send(Ping(payload=payload[:100]))
            sent.append((Opcode.PING, payload[:100]))
        at = data.draw(st.integers(0, len(text)))
        stream += server.send(TextMessage(text[:at], message_finished=False))
        if data.draw(st.booleans()):  # between the parts of a message
            stream += server.send(Pong(payload=b"between"))
            sent.append((Opcode.PONG, b"between"))
        stream += server.send(TextMessage(text[at:]))
        sent.append((Opcode.TEXT, payload))
    reader, found = FrameReader(), []
    for size in itertools.cycle(
        data.draw(st.lists(st.integers(1, 9) | st.integers(10, 70_000), min_size=1, max_size=4))
    ):
        found += reader.feed(stream[:size])
        stream = stream[size:]
        if not stream:
            break
    assert found == sent
    assert not reader.open


@given(TEXTS, st.data())
def test_a_reader_knows_that_a_message_has_begun(text: str, data: st.DataObject) -> None:
    server = Connection(ConnectionType.SERVER)
    stream = server.send(TextMessage(text[:1], message_finished=False)) + server.send(TextMessage(text[1:]))
    reader = FrameReader()
    assert not reader.open
    at = data.draw(st.integers(1, len(stream) - 1))
    assert reader.feed(stream[:at]) == []
    assert reader.open
    assert reader.feed(stream[at:]) == [(Opcode.TEXT, text.encode())]
    assert not reader.open


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(WebSocketError):
        FrameReader().feed(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\x80\0\0\0\0",  # a masked frame
        b"\x81\xfe\0\x80\0\0\0\0",  # the same, long
        b"\x81\x7e\0\x05hello",  # a short length told at length
        b"\xc1\x01x",  # a reserved bit
        b"\x83\x01x",  # an opcode without meaning
        b"\x09\x01x",  # half a ping
        b"\x80\x01x",  # the end of nothing
        b"\x01\x01x\x81\x01y",  # a message within a message
        b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",  # eight exbibytes
    ],
)
def test_a_server_that_breaks_the_protocol_is_told_so(data: bytes) -> None:
    with pytest.raises(WebSocketError):
        FrameReader().feed(data)


def test_the_handshake_with_a_server_that_answers_and_goes_on_at_once() -> None:
    ours = Handshake("example.test", "/socket.io/?EIO=4", {"Authorization": "Bearer t"}, nonce=b"n" * 16)
    theirs = H11Handshake(ConnectionType.SERVER)
    theirs.receive_data(ours.request)
    (request,) = theirs.events()
    assert (request.target, request.host) == ("/socket.io/?EIO=4", "example.test")
    assert (b"authorization", b"Bearer t") in request.extra_headers
    answer = theirs.send(AcceptConnection())
    assert theirs.state is ConnectionState.OPEN
    follows = Connection(ConnectionType.SERVER).send(TextMessage("0{}"))
    assert ours.feed(answer[:20]) is None
    rest = ours.feed(answer[20:] + follows)
    assert rest == follows


def test_a_refused_handshake_says_the_status_and_the_body() -> None:
    ours = Handshake("example.test", "/", {}, nonce=b"n" * 16)
    with pytest.raises(HandshakeRefusedError) as refused:
        ours.feed(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
    assert (refused.value.status, refused.value.body) == (503, b"busy")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: AAAA\r\n\r\n",
    ],
)
def test_an_answer_that_is_no_agreement_is_refused(answer: bytes) -> None:
    with pytest.raises(WebSocketError):
        Handshake("example.test", "/", {}, nonce=b"n" * 16).feed(answer)
