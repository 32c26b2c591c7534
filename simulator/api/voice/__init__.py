"""Voice of the reference API: rooms and calls, LiveKit's tokens, quality reports, and the media relay beside it."""
