"""Everything that is served: the endpoints of every area."""

from __future__ import annotations

from simulator.api.areas import (
    auth,
    channels,
    comments,
    communities,
    messages,
    notifications,
    operations,
    posts,
    search,
    servers,
    uploads,
    users,
    voice,
    voice_rooms,
    voice_state,
)
from simulator.api.routing import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *operations.ENDPOINTS,
    *auth.ENDPOINTS,
    *users.ENDPOINTS,
    *servers.ENDPOINTS,
    *channels.ENDPOINTS,
    *messages.ENDPOINTS,
    *communities.ENDPOINTS,
    *posts.ENDPOINTS,
    *comments.ENDPOINTS,
    *search.ENDPOINTS,
    *notifications.ENDPOINTS,
    *uploads.ENDPOINTS,
    *voice.ENDPOINTS,
    *voice_rooms.ENDPOINTS,
    *voice_state.ENDPOINTS,
)
