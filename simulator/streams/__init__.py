"""The model seen through the catalogue: samples, log entries, error events, the load plan."""
