from __future__ import annotations

import pytest

from simulator.api.realtime.handshake import LATER_FIELDS, RefusedError, token_of
from simulator.api.realtime.service import CONNECTS
from simulator.catalog.accounts import ACCESS_SECONDS
from tests.api.realtime.conftest import Client

SCOPE = {"asgi.scope": {"client": ("127.0.0.1", 5)}}


def test_sources_of_the_token_are_asked_in_the_contracts_order():
    auth = {"token": "a.a.a", **{name: f"{n}.l.l" for n, name in enumerate(LATER_FIELDS)}}
    environ = {**SCOPE, "HTTP_AUTHORIZATION": "Bearer h.h.h", "QUERY_STRING": "EIO=4&token=q.q.q"}
    found = [token_of(environ, auth)]
    del auth["token"]
    found.append(token_of(environ, auth))
    del environ["HTTP_AUTHORIZATION"]
    found.append(token_of(environ, auth))
    environ["QUERY_STRING"] = "EIO=4"
    while auth:
        found.append(token_of(environ, auth))
        del auth[min(auth, key=LATER_FIELDS.index)]
    assert found == ["a.a.a", "h.h.h", "q.q.q", "0.l.l", "1.l.l", "2.l.l", "3.l.l", "4.l.l"]


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        (None, "token required"),
        ({}, "token required"),
        ([1], "token required"),
        ("a.b.c", "token required"),
        ({"token": ["a"]}, "Invalid token format"),
        ({"token": "a.b"}, "Invalid JWT structure"),
        ({"token": "Bearer  "}, "token required"),
    ],
)
def test_what_is_no_token_is_refused_in_words(auth, words):
    with pytest.raises(RefusedError, match=words):
        token_of(SCOPE, auth)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_whoever_has_a_token_is_let_in_and_told_who_they_are(live, transport):
    client = live.connect(3, [transport])
    ready = client.wait("ready")
    assert ready["user"]["id"] == live.user_id(3)
    assert ready["servers"][0]["id"] == live.app.platform.store.seeded_servers[0].id
    assert set(ready["application"]) == {"id", "name"}
    assert client.io.transport() == transport
    assert live.total("socketio_connected_clients") == 1
    assert live.total("cryb_realtime_connections_total", type=transport) == 1
    client.io.emit("identify", {"large_threshold": 50, "presence": {"status": "dnd"}})
    assert client.wait("ready", times=2)["session_id"] == ready["session_id"]
    assert client.wait("presence:update")["status"] == "dnd"


def test_polling_goes_over_to_a_websocket(live):
    client = live.connect(3, ["polling", "websocket"])
    client.settle()
    assert client.io.transport() == "websocket"
    assert live.total("cryb_realtime_connections_total", type="websocket") == 1
    assert live.total("cryb_realtime_connections_total", type="polling") == 0


def test_a_header_is_enough(shared):
    shared.connect(3, auth=None, headers={"Authorization": f"Bearer {shared.token(3)}"})


def test_a_query_is_enough(shared):
    client = Client("by query")
    shared.clients.append(client)
    client.connect(f"{shared.gate.url}?token={shared.token(4)}", transports=["websocket"])
    assert client.wait("ready")["user"]["id"] == shared.user_id(4)


def test_a_wrong_signature_is_none(shared):
    assert shared.refused(auth={"token": shared.token(4) + "x"}) == "Invalid token signature"


def test_refusals(live):
    assert live.refused() == "Authentication token required"
    assert live.refused(auth={"token": "abc"}) == "Invalid JWT structure"
    assert live.refused(auth={"jwt": "a.b.c"}) == "Invalid JWT structure"
    old = live.token(3)
    live.clock.advance(ACCESS_SECONDS * 1000 + 1)
    assert live.refused(auth={"token": old}) == "Token expired"
    assert live.total("socketio_connection_attempts_total") == 4
    assert live.total("socketio_connection_errors_total", error_type="auth") == 4
    assert live.total("socketio_connected_clients") == 0


def test_too_many_connections_of_one_user_are_refused(make_live):
    live = make_live(rate_limits=True)
    for _ in range(CONNECTS.most):
        live.app.platform.limiter.count(CONNECTS, live.user_id(3), live.clock.now_ms())
    assert live.refused(auth={"token": live.token(3)}) == "Rate limit exceeded"
    live.connect(4)
    assert live.total("socketio_connection_errors_total", error_type="rate_limit") == 1
    live.clock.advance(CONNECTS.window_ms)
    live.connect(3)


def test_a_socket_is_no_way_around_the_http_routes(live):
    with live.http() as http:
        assert http.get("/socket.io/?EIO=4&transport=polling").status_code == 200
        assert http.get("/socket.io/?EIO=3&transport=polling").status_code == 400
        assert http.get("/health").json()["checks"]["realtime"] == "healthy"
    assert live.total("http_requests_total") == 1  # Engine.IO's own requests are none of the API's
