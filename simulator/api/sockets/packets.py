"""How python-socketio reads and writes packets here: JSON by orjson, and nothing that a client sends breaks anything.

The library leaves a packet that it cannot read as an exception in its log, and lets a client call handlers that are the
library's own (`connect`, `disconnect`). Here both become an event of a name that nobody has, so that whoever sent it is
told. The platform sends no binary data; what comes as such is treated the same way.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
import socketio
from socketio.packet import ACK, CONNECT, DISCONNECT, EVENT

from simulator.wire.socketio import PacketType, decode_packet

UNREADABLE: Final = "(unreadable)"
"""The name of an event that was none."""
_RESERVED: Final = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", UNREADABLE, "*"}
)
_KNOWN: Final = {
    PacketType.CONNECT: CONNECT,
    PacketType.DISCONNECT: DISCONNECT,
    PacketType.EVENT: EVENT,
    PacketType.ACK: ACK,
}


class _Json:
    """orjson in the shape that the library asks for."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str) -> Any:
        return orjson.loads(text)


class Packet(socketio.packet.Packet):  # type: ignore[misc]  # the library has no types
    """A Socket.IO packet."""

    uses_binary_events = False
    json = _Json

    def decode(self, encoded_packet: str | bytes) -> int:
        """Read a packet. Returns how many attachments follow: none."""
        self.namespace = self.data = self.id = None
        try:
            packet = decode_packet(encoded_packet.encode() if isinstance(encoded_packet, str) else b"")
        except ValueError:  # PacketError is one, and so is a number of thousands of digits
            packet = None
        kind = _KNOWN.get(packet.type) if packet is not None else None
        if packet is None or kind is None or (kind == EVENT and not _is_event(packet.data)):
            self.packet_type, self.data = EVENT, [UNREADABLE]
            self.id = packet.id if packet is not None else None
            return 0
        self.packet_type, self.data, self.id = kind, packet.data, packet.id
        self.namespace = None if packet.namespace == "/" else packet.namespace
        if kind == ACK and not isinstance(self.data, list):
            self.data = []
        return 0


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] not in _RESERVED
