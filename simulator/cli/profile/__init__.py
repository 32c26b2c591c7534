"""Profiles: check, list, start a new one, print their JSON Schema."""
