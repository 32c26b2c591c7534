"""A request's bytes sent and its response read, over a connection that may have been closed meanwhile."""

from __future__ import annotations

from time import perf_counter

from geventhttpclient.client import IDEMPOTENT_METHODS
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

from ._pool import Keep, Pool

_GONE = (ConnectionResetError, BrokenPipeError)

Exchanged = tuple[int, bytes, bytes, float, Exception | None]
"""Status, the bytes with the header lines, the body as it came, perf_counter's instant of the header lines, and what
went wrong after those."""


def exchange(pool: Pool, method: str, message: bytes) -> Exchanged:
    """Send `message` and read what answers it.

    A connection that was kept alive may be closed by the server just as it is used again. A request that may be
    repeated is then sent once more, on a new connection. Raises what connecting, sending and reading raise, up to the
    end of the response's header lines; what happens after that is returned.
    """
    kept = pool.take()
    try:
        return _exchange(pool, kept, method, message)
    except HTTPConnectionClosed:
        was_used = kept[0].idle_since > 0
        if not was_used or method not in IDEMPOTENT_METHODS:
            raise
    return _exchange(pool, pool.take(new=True), method, message)


def _exchange(pool: Pool, kept: Keep, method: str, message: bytes) -> Exchanged:
    connection, reader = kept
    headed_at = 0.0
    broken = False
    try:
        reader.expect(method)
        try:
            connection.send(message)
        except _GONE:  # it may have answered before it hung up
            broken = True
        while not reader.complete:
            data = connection.receive()
            if data:
                reader.feed(data)
            else:
                reader.end()
            if not headed_at and reader.headed:
                headed_at = perf_counter()
    except BaseException as problem:
        pool.drop(kept)
        if reader.headed and isinstance(problem, (OSError, HTTPParseError)):
            return reader.status, reader.head, reader.body(), headed_at or perf_counter(), problem
        if not reader.head and isinstance(problem, _GONE):
            raise HTTPConnectionClosed("connection closed.") from problem
        raise
    if reader.reusable and not broken:
        connection.idle_since = headed_at
        pool.give_back(kept)
    else:
        pool.drop(kept)
    return reader.status, reader.head, reader.body(), headed_at, None
