"""WebSocket frames as a client writes and reads them (RFC 6455), without a socket.

    frames = FrameReader()
    for opcode, payload in frames.feed(data_from_the_socket): …
    socket.send(encode_frame(Opcode.TEXT, b"hello", mask=os.urandom(4)))

A load generator reads far more than it writes, and its CPU is what limits it; so the common case, whole text frames,
is kept short: about 1 µs each, where a general library takes 20 or more. No extension is offered, so none is accepted.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

import h11

LONGEST_MESSAGE: Final = 16 << 20
"""Bytes; a longer one is a fault of the server, or not a WebSocket at all."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
_CONTROL: Final = 0x08
_LONGEST_CONTROL: Final = 125


class WebSocketError(ValueError):
    """The server broke the protocol."""


class HandshakeRefusedError(Exception):
    """The server answered the handshake with something else than 101."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class Opcode(IntEnum):
    """What a frame is (RFC 6455, 5.2)."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_TEXT: Final = int(Opcode.TEXT)  # plain numbers where each message passes
_WHOLE_TEXT: Final = _FINAL | _TEXT
Message = tuple[int, bytes]
"""An opcode (never CONTINUATION) and its payload."""


def encode_frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """One final frame. `mask` are four bytes that an onlooker cannot foretell."""
    length = len(payload)
    if length < 126:
        head = bytes((_FINAL | opcode, _MASKED | length))
    elif length < 1 << 16:
        head = bytes((_FINAL | opcode, _MASKED | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((_FINAL | opcode, _MASKED | 127)) + length.to_bytes(8, "big")
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "little")
    return head + mask + (int.from_bytes(payload, "little") ^ key).to_bytes(length, "little")


class FrameReader:
    """Turns what a server sends, cut up anywhere, into whole messages. `open`: the last of it has not come yet."""

    def __init__(self) -> None:
        self.open = False
        self._rest = b""  # the beginning of a frame
        self._needed = 0  # how long `_rest` has to become before it is worth another look
        self._opcode = 0  # of the message that came in parts so far
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are now complete, control frames among them. Raises WebSocketError."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data, self._rest, self._needed = self._rest, b"", 0
        found: list[Message] = []
        at, size = 0, len(data)
        while size - at >= 2:
            first, length = data[at], data[at + 1]
            start = at + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                if length >= _MASKED:
                    raise WebSocketError("a server must not mask its frames")
                if size - start < wide:
                    break
                length = int.from_bytes(data[start : start + wide], "big")
                if length < (126 if wide == 2 else 1 << 16) or length > LONGEST_MESSAGE:
                    raise WebSocketError(f"a frame of {length} bytes, told in {wide}")
                start += wide
            end = start + length
            if end > size:
                self._needed = end - at
                break
            if first == _WHOLE_TEXT and not self._parts:
                found.append((_TEXT, data[start:end]))
            else:
                self._uncommon(first, data[start:end], found)
            at = end
        if at < size:
            self._rest = data[at:]
        self.open = at < size or bool(self._parts)
        return found

    def _uncommon(self, first: int, payload: bytes, found: list[Message]) -> None:
        if first & _RESERVED:
            raise WebSocketError("a frame of an extension that nobody agreed on")
        opcode, final = first & 0x0F, bool(first & _FINAL)
        if opcode not in Opcode._value2member_map_:
            raise WebSocketError(f"opcode {opcode} has no meaning")
        if opcode & _CONTROL:
            if not final or len(payload) > _LONGEST_CONTROL:
                raise WebSocketError("a control frame in parts, or longer than 125 bytes")
            found.append((opcode, payload))
            return
        if (opcode == Opcode.CONTINUATION) != bool(self._parts):
            raise WebSocketError("a message begins before the last has ended, or goes on without having begun")
        self._opcode = opcode or self._opcode
        self._parts.append(payload)
        if sum(map(len, self._parts)) > LONGEST_MESSAGE:
            raise WebSocketError(f"a message of more than {LONGEST_MESSAGE} bytes")
        if final:
            found.append((self._opcode, b"".join(self._parts)))
            self._parts.clear()


class Handshake:
    """The client's side of the opening handshake: send `request`, then `feed` the answer until it is not None."""

    def __init__(self, host: str, target: str, headers: Mapping[str, str], nonce: bytes) -> None:
        """`host` as in the Host header, `target` with its query, `nonce` 16 random bytes (RFC 6455, 4.1)."""
        key = base64.b64encode(nonce)
        self._accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        self._http = h11.Connection(our_role=h11.CLIENT)
        fields = [
            ("Host", host),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key.decode("ascii")),
            ("Sec-WebSocket-Version", "13"),
            *headers.items(),
        ]
        self._status: int | None = None
        self._body = b""
        sent = self._http.send(h11.Request(method="GET", target=target, headers=fields))
        self.request: bytes = (sent or b"") + (self._http.send(h11.EndOfMessage()) or b"")

    def feed(self, data: bytes) -> bytes | None:
        """What follows the server's agreement (often nothing), or None while that is not complete.

        Empty `data` is the connection's end. Raises HandshakeRefusedError, WebSocketError.
        """
        try:
            self._http.receive_data(data)
            while True:
                event = self._http.next_event()
                match event:
                    case h11.InformationalResponse(status_code=101):
                        self._check(dict(event.headers))
                        return bytes(self._http.trailing_data[0])
                    case h11.Response():
                        self._status = event.status_code
                    case h11.Data():
                        self._body += bytes(event.data)
                    case h11.EndOfMessage():
                        raise HandshakeRefusedError(self._status or 0, self._body)
                    case h11.NEED_DATA | h11.PAUSED:
                        return None
                    case h11.ConnectionClosed():
                        raise WebSocketError("the server hung up instead of an answer")
        except h11.RemoteProtocolError as error:
            if self._status is not None:
                raise HandshakeRefusedError(self._status, self._body) from error
            raise WebSocketError(f"the answer is not HTTP: {error}") from error

    def _check(self, headers: Mapping[bytes, bytes]) -> None:
        if headers.get(b"sec-websocket-accept") != self._accept:
            raise WebSocketError("the server's Sec-WebSocket-Accept does not answer our key")
        if headers.get(b"sec-websocket-extensions"):
            raise WebSocketError("the server uses an extension that was not offered")
