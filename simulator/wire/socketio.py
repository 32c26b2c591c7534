r"""Socket.IO 4 on Engine.IO 4, as text: packets, and the payloads of the polling transport.

    42["message:create",{"channelId":"c1"}]        4: Engine.IO message; 2: event; then its name and arguments
    421["channel:join",{"channelId":"c1"}]         the same with an id, by which it may be acknowledged: 431[…]
    40{"token":"…"}                                connect; answered 40{"sid":"…"} or 44{"message":"…"}
    0{"sid":…,"pingInterval":25000,…}   2   3      Engine.IO: open, ping, pong

Protocols: https://socket.io/docs/v4/socket-io-protocol and …/engine-io-protocol. Binary events are told by their
header, and their attachments are left out: the platform sends none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final

import orjson

SEPARATOR: Final = b"\x1e"
"""Between the packets of one polling payload."""


class PacketError(ValueError):
    """Text that is no packet."""


class EngineType(StrEnum):
    """The first character of every Engine.IO packet."""

    OPEN = "0"
    CLOSE = "1"
    PING = "2"
    PONG = "3"
    MESSAGE = "4"
    UPGRADE = "5"
    NOOP = "6"


class PacketType(IntEnum):
    """Socket.IO packets."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


@dataclass(frozen=True, slots=True)
class Packet:
    """One Socket.IO packet. `data` is the JSON value after the header: of an event a list, its name first."""

    type: PacketType
    data: Any = None
    namespace: str = "/"
    id: int | None = None
    attachments: int = 0


def encode_packet(packet: Packet) -> bytes:
    """The packet as an Engine.IO message has it, without that message's own `4`."""
    parts = [b"%d" % packet.type]
    if packet.attachments:
        parts.append(b"%d-" % packet.attachments)
    if packet.namespace != "/":
        parts.append(packet.namespace.encode() + b",")
    if packet.id is not None:
        parts.append(b"%d" % packet.id)
    if packet.data is not None:
        parts.append(orjson.dumps(packet.data))
    return b"".join(parts)


def decode_packet(text: bytes) -> Packet:
    """The packet of an Engine.IO message (without its `4`). Raises PacketError."""
    try:
        kind = PacketType(text[0] - 0x30)
    except (IndexError, ValueError):
        raise PacketError(f"no Socket.IO packet begins like {text[:20]!r}") from None
    at, attachments, namespace, number = 1, 0, "/", None
    if kind in (PacketType.BINARY_EVENT, PacketType.BINARY_ACK):
        end = _digits(text, at)
        if end == at or text[end : end + 1] != b"-":
            raise PacketError(f"a binary packet without its number of attachments: {text[:20]!r}")
        attachments, at = int(text[at:end]), end + 1
    if text[at : at + 1] == b"/":
        end = text.find(b",", at)
        end = len(text) if end < 0 else end
        namespace, at = text[at:end].decode(errors="replace").split("?")[0], end + 1
    end = _digits(text, at)
    if end > at:
        number, at = int(text[at:end]), end
    try:
        data = orjson.loads(text[at:]) if at < len(text) else None
    except orjson.JSONDecodeError as error:
        raise PacketError(f"a packet whose data is not JSON ({error}): {text[:40]!r}") from error
    return Packet(kind, data, namespace, number, attachments)


def encode_event(name: str, *arguments: object) -> bytes:
    """An event of the main namespace as an Engine.IO message: `42["name",…]`."""
    return b"42" + orjson.dumps((name, *arguments))


def event_name(message: bytes) -> bytes | None:
    """The name of an event `42["name",…]` of the main namespace as written, unread; None for any other message.

    So whoever is not interested in an event does not pay for its JSON.
    """
    if not message.startswith(b'42["'):
        return None
    end = message.find(b'"', 4)
    return message[4:end] if end > 0 else None


def encode_payload(packets: Iterable[bytes]) -> bytes:
    """The body of a polling request or answer."""
    return SEPARATOR.join(packets)


def decode_payload(body: bytes) -> list[bytes]:
    """The Engine.IO packets of a polling body."""
    return body.split(SEPARATOR) if body else []


def _digits(text: bytes, at: int) -> int:
    """Where the digits that begin at a place end."""
    size = len(text)
    while at < size and 0x30 <= text[at] <= 0x39:
        at += 1
    return at
