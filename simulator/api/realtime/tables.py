"""Everything that clients may send, and who wants to hear of sockets that are gone."""

from __future__ import annotations

from simulator.api.realtime import channels, direct, messages, presence, servers, voice, voice_quality
from simulator.api.realtime.events import Event, Leaving

EVENTS: tuple[Event, ...] = (
    *presence.EVENTS,
    *servers.EVENTS,
    *channels.EVENTS,
    *messages.EVENTS,
    *direct.EVENTS,
    *voice.EVENTS,
    *voice_quality.EVENTS,
)
LEAVING: tuple[Leaving, ...] = (channels.left, voice.left)


def by_name() -> dict[str, Event]:
    """Events by every name that clients may use. Raises ValueError when two claim one name."""
    found: dict[str, Event] = {}
    for event in EVENTS:
        for name in (event.name, *event.variants):
            if name in found:
                raise ValueError(f"two events are called {name}")
            found[name] = event
    return found
