"""The past: what scraping would have left, as blocks that a Prometheus opens, and what rules recorded of it."""
