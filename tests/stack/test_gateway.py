"""A further address for a server on loopback."""

from __future__ import annotations

import socket
import threading

import pytest

from simulator.errors import InputError
from simulator.stack.gateway import Gateway, split_listen


def test_bytes_pass_both_ways_whoever_ends_first() -> None:
    with socket.create_server(("127.0.0.1", 0)) as inner:

        def echo() -> None:
            for _ in range(2):
                connection, _ = inner.accept()
                with connection:
                    received = b""
                    while piece := connection.recv(1 << 16):
                        received += piece
                    connection.sendall(received[::-1])

        threading.Thread(target=echo, daemon=True).start()
        sent = bytes(range(256)) * 4096
        with Gateway("127.0.0.2", 0, inner.getsockname()[1]) as gateway:
            for _ in range(2):
                with socket.create_connection(("127.0.0.2", gateway.port), timeout=30) as outer:
                    outer.sendall(sent)
                    outer.shutdown(socket.SHUT_WR)
                    got = b""
                    while piece := outer.recv(1 << 16):
                        got += piece
                assert got == sent[::-1]
            port = gateway.port
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=30)


def test_addresses_as_people_write_them() -> None:
    assert split_listen("172.17.0.1") == ("172.17.0.1", 0)
    assert split_listen("172.17.0.1:9090") == ("172.17.0.1", 9090)
    assert split_listen("::1") == ("::1", 0)
    assert split_listen("[::1]:9090") == ("::1", 9090)


@pytest.mark.parametrize("text", ["localhost", "172.17.0.1:x", "172.17.0.1:99999", "", "172.17.0"])
def test_anything_else_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(InputError, match="--listen"):
        split_listen(text)


def test_a_port_that_is_taken_or_an_address_of_another_machine_is_said() -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken, pytest.raises(InputError, match="cannot listen on 127"):
        Gateway("127.0.0.2", taken.getsockname()[1], 1)
    with pytest.raises(InputError, match=r"cannot listen on 192\.0\.2\.1"):
        Gateway("192.0.2.1", 0, 1)
