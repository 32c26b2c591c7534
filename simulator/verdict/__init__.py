"""Expectations against observations. Pure."""
