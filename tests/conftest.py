"""Settings of every test: a slow machine is no failure of a property."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("crybsim", deadline=None)
settings.load_profile("crybsim")
