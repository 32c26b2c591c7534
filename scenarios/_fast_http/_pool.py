"""Connections kept alive, for each origin those of one user (or of all who share a pool)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from time import perf_counter
from typing import Any

from gevent.lock import BoundedSemaphore
from geventhttpclient.client import HTTPClientPool
from geventhttpclient.connectionpool import SSLConnectionPool, init_ssl_context

from ._connection import Connection
from ._reading import ResponseReader
from ._target import Origin

_TRUSTED_SECONDS = 0.001
"""An idle connection is looked at before it is used again, except within so short a time."""

Keep = tuple[Connection, ResponseReader]

_contexts: dict[tuple[Any, bool], ssl.SSLContext] = {}


class Pool:
    """The connections to one origin, at most `concurrency` in use at once."""

    def __init__(self, origin: Origin, options: dict[str, Any]) -> None:
        self._origin = origin
        self._options = options
        self._free = BoundedSemaphore(options.get("concurrency", 1))
        self._idle: list[Keep] = []

    def take(self, *, new: bool = False) -> Keep:
        """A connection and its reader, kept or `new`; to be given back or dropped. Raises what connecting raises."""
        self._free.acquire()
        try:
            idle = self._idle
            while idle and not new:
                kept = idle.pop()
                connection = kept[0]
                if perf_counter() - connection.idle_since < _TRUSTED_SECONDS or connection.is_fresh():
                    return kept
                connection.close()
            return self._connect(), ResponseReader()
        except BaseException:
            self._free.release()
            raise

    def give_back(self, kept: Keep) -> None:
        """It may carry another request."""
        self._idle.append(kept)
        self._free.release()

    def drop(self, kept: Keep) -> None:
        """It is of no more use."""
        kept[0].close()
        self._free.release()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop()[0].close()

    def _connect(self) -> Connection:
        scheme, host, port = self._origin
        options = self._options
        context = None
        if scheme == "https":
            context = _context(options.get("ssl_context_factory"), options.get("insecure", False))
        return Connection(
            host,
            port,
            connect_timeout=options["connection_timeout"],
            timeout=options["network_timeout"],
            context=context,
        )


class Pools(dict[Origin, Pool]):
    """A pool for each origin, made when first asked for. `of` finds the one that belongs to one of Locust's."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._options = options

    @classmethod
    def of(cls, client_pool: HTTPClientPool) -> Pools:
        """One for all who were given the same `client_pool`, with that one's limits."""
        known: Pools | None = client_pool.__dict__.get("_fast_http_pools")
        if known is None:
            defaults = {"connection_timeout": 5.0, "network_timeout": 5.0}
            known = client_pool.__dict__["_fast_http_pools"] = cls({**defaults, **client_pool.client_args})
        return known

    def __missing__(self, origin: Origin) -> Pool:
        pool = self[origin] = Pool(origin, self._options)
        return pool

    def close(self) -> None:
        """Close what is idle in all of them."""
        for pool in self.values():
            pool.close()


def _context(factory: Callable[..., ssl.SSLContext], insecure: bool) -> ssl.SSLContext:
    """A context as FastHttpUser makes it, but once for a process and not once for each user and host."""
    key = (factory, insecure)
    if key not in _contexts:
        authorities = SSLConnectionPool.default_options["ca_certs"]
        _contexts[key] = init_ssl_context(factory, authorities, check_hostname=not insecure)
    return _contexts[key]
