from __future__ import annotations

import pytest

from simulator.api.endpoints import ENDPOINTS
from simulator.api.routing import Router, serve
from simulator.catalog.routes import Auth


async def nothing(platform, exchange):
    raise AssertionError("never called")


def test_every_pattern_finds_itself():
    router = Router(ENDPOINTS)
    for endpoint in ENDPOINTS:
        segments = endpoint.route.path.split("/")
        wanted = tuple(f"v{n}" for n, part in enumerate(segments) if part.startswith(":"))
        path = "/".join(f"v{n}" if part.startswith(":") else part for n, part in enumerate(segments))
        assert router.match(endpoint.route.method, path) == (endpoint, wanted)


def test_a_literal_goes_before_a_parameter_whatever_the_order():
    parts = [serve("GET", "users/:userId", nothing), serve("GET", "users/me", nothing)]
    for order in (parts, parts[::-1]):
        found = Router(order).match("GET", "/api/v1/users/me")
        assert found is not None
        assert found[0].route.path == "/api/v1/users/me"


def test_a_literal_that_leads_nowhere_gives_way_to_the_parameter():
    router = Router(
        [
            serve("GET", "servers/channels/:channelId/messages", nothing),
            serve("GET", "servers/:serverId/channels", nothing),
        ]
    )
    found = router.match("GET", "/api/v1/servers/channels/channels")
    assert found is not None
    assert found[1] == ("channels",)


@pytest.mark.parametrize("path", ["/api/v1/users//", "/", "", "/api/v1/posts/1/2/3", "/api/v2/posts"])
def test_what_is_not_there(path):
    assert Router(ENDPOINTS).match("GET", path) is None


def test_a_route_is_served_once():
    with pytest.raises(ValueError, match="twice"):
        Router([serve("GET", "posts", nothing), serve("GET", "posts", nothing)])


def test_only_routes_of_the_catalogue_are_served():
    with pytest.raises(KeyError):
        serve("GET", "made/up", nothing)


def test_auth_is_the_catalogues():
    assert serve("GET", "posts", nothing).route.auth is Auth.OPTIONAL
