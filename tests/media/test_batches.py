"""Many datagrams with one system call arrive as they were written."""

from __future__ import annotations

from socket import SO_RCVBUF, SOL_SOCKET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.media.arriving import Arrivals
from simulator.media.batches import Batch, address_of, address_word, open_socket

SIZES = st.lists(st.sampled_from([14, 172, 172, 172]), min_size=1, max_size=200)


@pytest.mark.parametrize("cut", [True, False], ids=["as-one-message", "each-by-itself"])
@settings(max_examples=25)
@given(sizes=SIZES, to_second=st.sets(st.integers(0, 199)))
def test_what_is_sent_arrives_in_order_whole_and_where_it_should(
    cut: bool, sizes: list[int], to_second: set[int]
) -> None:
    with open_socket() as sender, open_socket() as first, open_socket() as second:
        batch = Batch(256)
        if not cut:
            batch._most = 1  # as on a Linux that cannot cut
        expected: list[list[bytes]] = [[], []]
        for at, size in enumerate(sizes):
            where = int(at in to_second)
            batch.out.data[at, :size] = at % 251
            batch.out.lengths[at] = size
            batch.out.addresses[at, 0] = address_word(*(first, second)[where].getsockname())
            expected[where].append(bytes([at % 251]) * size)
        assert batch.send(sender.fileno(), len(sizes)) == []
        for socket, whole in zip((first, second), expected, strict=True):
            arrivals, heard = Arrivals(), []
            while got := arrivals.receive(socket.fileno()):
                heard += [arrivals.bytes_of(at) for at in range(got)]
                assert {address_of(int(word)) for word in arrivals.datagrams["address"][:got]} == {sender.getsockname()}
                assert (arrivals.datagrams["at_ns"][:got] > 0).all()
                assert arrivals.overflow <= 0
            assert heard == whole


def test_what_a_socket_had_no_room_for_is_told() -> None:
    with open_socket() as sender, open_socket() as full:
        full.setsockopt(SOL_SOCKET, SO_RCVBUF, 1)  # the least there is
        for _ in range(100):
            sender.sendto(bytes(500), full.getsockname())
        arrivals = Arrivals()
        got = arrivals.receive(full.fileno())
        sender.sendto(b"the next one tells", full.getsockname())
        assert arrivals.receive(full.fileno()) == 1
        assert got + arrivals.overflow == 100


@pytest.mark.parametrize("cut", [True, False], ids=["as-one-message", "each-by-itself"])
def test_what_cannot_be_sent_is_said(cut: bool) -> None:
    with open_socket() as sender:
        batch = Batch(4)
        if not cut:
            batch._most = 1
        batch.out.lengths[:] = 20
        batch.out.addresses[:, 0] = address_word("127.0.0.1", 0)  # no port
        assert batch.send(sender.fileno(), 4) == [0, 1, 2, 3]
