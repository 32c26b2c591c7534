"""Names of rooms, and the class that a room's name tells: the `room` label of metrics is a class, never an id."""

from __future__ import annotations

from typing import Final

DEFAULT: Final = "default"
CHANNEL: Final = "channel"
SERVER: Final = "server"
DM: Final = "dm"
VOICE: Final = "voice"
KINDS: Final = (DEFAULT, CHANNEL, SERVER, DM, VOICE)
_BY_PREFIX: Final = {"channel": CHANNEL, "server": SERVER, "dm": DM, "voice": VOICE, "livekit": VOICE}


def user_room(user_id: str) -> str:
    """All sockets of one user."""
    return f"user:{user_id}"


def server_room(server_id: str) -> str:
    """Who looks at a server."""
    return f"server:{server_id}"


def channel_room(channel_id: str) -> str:
    """Who looks at a channel."""
    return f"channel:{channel_id}"


def voice_room(channel_id: str) -> str:
    """Who is in a voice channel."""
    return f"voice:{channel_id}"


def livekit_room(room_name: str) -> str:
    """Who is in a room of LiveKit."""
    return f"livekit:{room_name}"


def dm_room(one: str, other: str) -> str:
    """Two users who write to each other; the same for both."""
    first, second = sorted((one, other))
    return f"dm:{first}-{second}"


def kind_of(room: str | None) -> str:
    """The class of a room; a user, a single socket and everybody are `default`."""
    if room is None:
        return DEFAULT
    prefix, colon, _ = room.partition(":")
    return _BY_PREFIX.get(prefix, DEFAULT) if colon else DEFAULT
