"""How often people do what the API counts under other names too: shares of all requests, as its routes have them."""

from __future__ import annotations

from simulator.catalog.http import REQUESTS


def share_of(*endpoints: str) -> float:
    """The part of all requests that goes to these endpoints (`POST /api/v1/posts`), on a platform of default size."""
    found = dict.fromkeys(endpoints, 0.0)
    for dimension in REQUESTS.dimensions:
        method, route = dimension.names.index("method"), dimension.names.index("route")
        for values, part in dimension.rows:
            endpoint = f"{values[method]} {values[route]}"
            if endpoint in found:
                found[endpoint] += part
    return sum(found.values())
