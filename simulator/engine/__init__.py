"""Prometheus's rules read and reasoned about: selectors, windows, thresholds."""
