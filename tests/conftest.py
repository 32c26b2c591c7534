"""Settings of every test: a slow machine is no failure of a property, and Ctrl-C reaches what a test starts."""

from __future__ import annotations

import signal

from hypothesis import settings

# a shell that started the tests in the background has them ignore SIGINT, and every child would inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)

# the same examples each time, or a run turns red that says nothing about the change; `make accept` draws new ones
settings.register_profile("crybsim", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("crybsim")
