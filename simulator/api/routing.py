"""Which handler answers a request, and the route pattern that its metrics carry.

Starlette's router tries one regular expression after another in the order of the table; with the contract's table
that is both slow and a matter of order (`/users/me` against `/users/:userId`). Here a path is walked segment by
segment through a tree, a literal segment before a parameter, so the table's order means nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from simulator.api.exchange import Exchange, Reply
from simulator.api.limits import DEFAULT, Limit
from simulator.api.metrics import ApiMetrics
from simulator.api.platform import Platform
from simulator.catalog.routes import BY_KEY, Route

Handler = Callable[[Platform, Exchange], Awaitable[Reply]]
Refused = Callable[[ApiMetrics, int], None]
"""Counts what a refusal (by its status) means beyond HTTP: a message that failed, a login that was shut out."""


@dataclass(frozen=True)
class Endpoint:
    """A route of the catalogue with what answers it. `limit` is the rate limit of the contract's section 1.6."""

    route: Route
    handler: Handler
    limit: Limit | None
    refused: Refused | None = None


def serve(
    method: str, path: str, handler: Handler, *, limit: Limit | None = DEFAULT, refused: Refused | None = None
) -> Endpoint:
    """An endpoint for a route of the catalogue; a path without a leading slash follows `/api/v1/`. Raises KeyError."""
    absolute = path if path.startswith("/") else f"/api/v1/{path}"
    return Endpoint(BY_KEY[method, absolute], handler, limit, refused)


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    ends: dict[str, Endpoint] = field(default_factory=dict)  # by method


class Router:
    """Finds the endpoint of a method and a path. Raises ValueError when two endpoints claim one route."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Node()
        for endpoint in endpoints:
            node = self._root
            for segment in endpoint.route.path.strip("/").split("/"):
                if segment.startswith(":"):
                    node.parameter = node.parameter or _Node()
                    node = node.parameter
                else:
                    node = node.literals.setdefault(segment, _Node())
            if endpoint.route.method in node.ends:
                raise ValueError(f"{endpoint.route.method} {endpoint.route.path} is served twice")
            node.ends[endpoint.route.method] = endpoint

    def match(self, method: str, path: str) -> tuple[Endpoint, tuple[str, ...]] | None:
        """The endpoint and its parameters' values in the pattern's order, or None. HEAD is answered as GET."""
        wanted = "GET" if method == "HEAD" else method
        return _walk(self._root, wanted, path.strip("/").split("/"), 0, ())


def _walk(
    node: _Node, method: str, segments: list[str], at: int, values: tuple[str, ...]
) -> tuple[Endpoint, tuple[str, ...]] | None:
    if at == len(segments):
        endpoint = node.ends.get(method)
        return (endpoint, values) if endpoint else None
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _walk(literal, method, segments, at + 1, values)
        if found is not None:
            return found
    if node.parameter is not None and segment:
        return _walk(node.parameter, method, segments, at + 1, (*values, segment))
    return None
