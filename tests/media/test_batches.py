"""Many datagrams with one system call arrive as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.media.batches import LENGTH, AlikeBatch, Batch, address_of, address_word, open_socket

SIZES = st.lists(st.sampled_from([14, 172, 172, 172]), min_size=1, max_size=200)


@pytest.mark.parametrize("kind", [Batch, AlikeBatch])
@settings(max_examples=25)
@given(sizes=SIZES, to_second=st.sets(st.integers(0, 199)))
def test_what_is_sent_arrives_in_order_whole_and_where_it_should(
    kind: type[Batch], sizes: list[int], to_second: set[int]
) -> None:
    with open_socket() as sender, open_socket() as first, open_socket() as second:
        out = kind(256)
        expected: list[list[bytes]] = [[], []]
        for at, size in enumerate(sizes):
            where = int(at in to_second)
            out.data[at, :size] = at % 251
            out.pieces[at, 1] = size
            out.addresses[at, 0] = address_word(*(first, second)[where].getsockname())
            expected[where].append(bytes([at % 251]) * size)
        assert out.send(sender.fileno(), len(sizes)) == []
        for socket, whole in zip((first, second), expected, strict=True):
            incoming = Batch(256, incoming=True)
            got = incoming.receive(socket.fileno())
            heard = [bytes(incoming.data[at, : int(incoming.headers[at, LENGTH])]) for at in range(got)]
            assert heard == whole
            assert {address_of(int(word)) for word in incoming.addresses[:got, 0]} <= {sender.getsockname()}


@pytest.mark.parametrize("kind", [Batch, AlikeBatch])
def test_what_cannot_be_sent_is_said(kind: type[Batch]) -> None:
    with open_socket() as sender:
        out = kind(4)
        out.pieces[:, 1] = 20
        out.addresses[:, 0] = address_word("127.0.0.1", 0)  # no port
        assert out.send(sender.fileno(), 4) == [0, 1, 2, 3]
