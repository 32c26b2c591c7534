"""The real servers' tools, for tests marked `stack`."""

from __future__ import annotations

import pytest

from simulator.stack.binaries import Binaries, find_binaries


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """A machine without them fails (`make install` brings them)."""
    return find_binaries()
