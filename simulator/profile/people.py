"""What people do at each request that the platform gets: the ratios that model and load plan share.

Typical values, none of them measured on CRYB.
"""

from __future__ import annotations

from typing import Final

SECONDS_BETWEEN_REQUESTS: Final = 55.0
"""Of one user who is there: requests a second are users online over this (Little's law)."""
SOCKETS_PER_USER: Final = 1.15
"""Connected Socket.IO clients of one user who is online."""
MESSAGES_PER_REQUEST: Final = 0.11
OVER_SOCKETS: Final = 0.8
"""Share of messages that go over a socket; the rest is posted."""
TALKING: Final = 0.08
"""Share of the users online who are in a voice room, where the SFUs have places for them."""
MOST_AT_PEAK: Final = 0.3
"""Share of the SFUs' places that the planned peak takes at most: a platform with few SFUs has few voice users."""
CALL_SECONDS: Final = 240.0
"""Mean length of a call, one user's part in it; its median and spread are below (a log-normal law)."""
CALL_MEDIAN_SECONDS: Final = 100.0
CALL_SIGMA: Final = 1.32
ROOM_SIZE: Final = 3.4
"""Participants of a voice room."""
