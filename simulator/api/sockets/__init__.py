"""Socket.IO beneath the events: packets, rooms, one encoding for all who hear it, counts. Knows nothing of the API."""
