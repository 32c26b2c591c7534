"""Voice media: a generator of RTP sessions and a relay between them, each a process of its own."""
