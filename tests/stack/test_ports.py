"""Free, or taken by whom."""

from __future__ import annotations

import os
import random
import socket
from contextlib import suppress

import psutil

from simulator.stack.ports import Holder, port_holder


def listener() -> socket.socket:
    """A server on a port that the system gives to nobody of its own accord, so it stays free once it is closed."""
    for port in random.sample(range(20_000, 30_000), 100):
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    raise AssertionError("not one of a hundred ports is free")


def test_a_listener_is_found_and_named() -> None:
    with listener() as server:
        port = server.getsockname()[1]
        assert port_holder(port) == Holder(os.getpid(), psutil.Process().name())
    assert port_holder(port) is None


def test_a_closed_connection_that_lingers_does_not_count() -> None:
    with listener() as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # first, so that the server's side is the one that lingers
    assert port_holder(port) is None


def test_someone_elses_process_stays_anonymous() -> None:
    assert str(Holder()) == "another user's process"
    assert str(Holder(7, "prometheus")) == "prometheus (pid 7)"
