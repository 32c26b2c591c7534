"""Everything that is served: the endpoints of every area."""

from __future__ import annotations

from simulator.api.areas import (
    auth,
    awards,
    channels,
    comments,
    communities,
    direct_messages,
    messages,
    moderation,
    notifications,
    operations,
    payments,
    post_actions,
    posts,
    recovery,
    relations,
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
    *recovery.ENDPOINTS,
    *relations.ENDPOINTS,
    *direct_messages.ENDPOINTS,
    *post_actions.ENDPOINTS,
    *awards.ENDPOINTS,
    *moderation.ENDPOINTS,
    *payments.ENDPOINTS,
    *voice.ENDPOINTS,
    *voice_rooms.ENDPOINTS,
    *voice_state.ENDPOINTS,
)
