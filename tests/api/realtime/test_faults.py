from __future__ import annotations

import pytest

from simulator.clock import ManualClock
from simulator.units import MINUTE
from tests.api.realtime.conftest import eventually


def fault(kind: str, *, at: str = "1m", intensity: float = 1.0, **more: object) -> dict[str, object]:
    return {"id": kind.replace("_", "-"), "kind": kind, "at": at, "for": "2m", "intensity": intensity, **more}


@pytest.fixture
def storm(make_live):
    return make_live(faults=(fault("websocket_disconnects", intensity=0.5),))


@pytest.mark.parametrize("transport", ["websocket", pytest.param("polling", marks=pytest.mark.accept)])
def test_a_storm_cuts_its_share_of_users_and_cuts_them_again(storm, transport):
    clients = {number: storm.connect(number, [transport]) for number in range(1, 13)}
    storm.pass_time(MINUTE - 10)
    assert all(client.io.connected for client in clients.values())
    storm.pass_time(10)  # the faults are asked every ten milliseconds
    faults = storm.app.platform.faults
    struck = {number for number in clients if faults.cuts(storm.user_id(number))}
    assert 2 <= len(struck) <= 10
    for number in struck:
        assert clients[number].over.wait(30)
    assert storm.total("socketio_connected_clients") == len(clients) - len(struck)
    for number in set(clients) - struck:
        clients[number].settle()
    attempts, errors = (storm.total(f"socketio_connection_{what}_total") for what in ("attempts", "errors"))
    for number in sorted(struck)[:2]:
        with pytest.raises(Exception, match="onnect"):
            storm.connect(number, [transport], wait_timeout=2)
    eventually(lambda: storm.total("socketio_connection_attempts_total") == attempts + 2, "two attempts")
    assert storm.total("socketio_connection_errors_total", error_type="transport") == errors + 2
    storm.pass_time(2 * MINUTE)
    storm.connect(min(struck), [transport])


def test_the_same_users_are_struck_on_every_instance_and_a_rising_storm_adds_to_them(make_manifest):
    from simulator.api.faults import Faults

    found = []
    for intensity, instance in ((0.3, "api-1"), (0.3, "api-2"), (0.6, "api-1")):
        manifest = make_manifest(faults=(fault("websocket_disconnects", intensity=intensity),), instances=2)
        faults = Faults(manifest, instance, ManualClock(manifest.started_ms + 2 * MINUTE))
        found.append({name for name in range(4_000) if faults.cuts(f"user {name}")})
    assert found[0] == found[1] < found[2]
    assert [round(len(one) / 4_000, 1) for one in found] == [0.3, 0.3, 0.6]


def test_messages_that_are_lost_are_accepted_kept_and_heard_by_nobody(make_live):
    live = make_live(faults=(fault("message_failures"),))
    one, other = live.connect(3), live.connect(4)
    channel = live.channel().id
    for user in (one, other):
        user.call("channel:join", {"channelId": channel})
    live.pass_time(MINUTE)
    assert one.call("message:create", {"channelId": channel, "content": "@user_000004"})["success"] is True
    with live.http() as http:
        answer = http.post("/api/v1/messages", json={"channelId": channel, "content": "http"}, headers=live.headers(3))
        assert answer.status_code == 201
        shown = http.get("/api/v1/messages", params={"channelId": channel}, headers=live.headers(4)).json()["data"]
    assert [message["content"] for message in shown["messages"][:2]] == ["http", "@user_000004"]
    other.settle()
    assert {"message:create", "messageCreate", "message:mention"}.isdisjoint(name for name, _ in other.heard)
    assert live.total("cryb_messages_total") == 2
    assert live.total("cryb_messages_failed_total", reason="unknown") == 2
    assert live.total("cryb_message_latency_seconds_count") == 0


def test_neglected_messages_wait_longer_and_longer_and_come_in_order_after_the_end(make_live):
    live = make_live(faults=(fault("message_latency", intensity=0.75),))
    one, other = live.connect(3), live.connect(4)
    channel = live.channel().id
    for user in (one, other):
        user.call("channel:join", {"channelId": channel})
    live.pass_time(MINUTE)
    for number in range(40):
        one.call("message:create", {"channelId": channel, "content": str(number)})
        live.pass_time(1_000)
    other.settle()
    assert len(other.all("message:create")) == 11  # the first, and a quarter of forty
    assert len(live.app.platform.deliveries) == live.total("socketio_message_queue_size") == 29
    assert live.total("cryb_message_latency_seconds_count") == 11
    live.pass_time(80_000)  # over
    for _ in range(30):
        live.pass_time(1_000)
    other.settle()
    assert [int(message["content"]) for message in other.all("message:create")] == list(range(40))
    assert len(live.app.platform.deliveries) == 0
    assert live.total("cryb_message_latency_seconds_count") == live.total("cryb_messages_total") == 40
    assert live.total("cryb_message_latency_seconds_sum") > 29 * 80
    assert live.total("cryb_messages_failed_total") == 0


def test_what_fails_and_delays_requests_does_so_to_events(make_live):
    live = make_live(faults=(fault("http_errors", at="1m"), fault("latency", at="4m")))
    client = live.connect(3)
    payload = {"channelId": live.channel().id, "content": "x"}
    live.pass_time(MINUTE)
    assert client.call("message:create", payload)["code"] == "SERVER_ERROR"
    assert live.total("cryb_messages_failed_total", reason="unknown") == 1
    live.pass_time(3 * MINUTE)
    before = live.clock.now_ms()
    assert client.call("message:create", payload)["success"] is True
    assert live.clock.now_ms() > before
    duration = live.total("socketio_message_duration_seconds_sum", event="message:create")
    assert duration == pytest.approx((live.clock.now_ms() - before) / 1000)


def test_a_fault_of_one_route_leaves_events_alone(make_live):
    live = make_live(faults=(fault("http_errors", at="0", target={"route": "/api/v1/messages"}),))
    client = live.connect(3)
    live.pass_time(1)
    assert client.call("message:create", {"channelId": live.channel().id, "content": "x"})["success"] is True


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_an_outage_ends_every_session(live, transport):
    client = live.connect(3, [transport])
    live.run(live.app.realtime.drop_all())
    live.run(live.gate.close())
    assert client.over.wait(30)
    assert live.total("socketio_connected_clients") == 0
    assert len(live.app.realtime.sessions) == 0
    with pytest.raises(Exception, match="onnect"):
        live.connect(4, [transport], wait_timeout=2)
    live.run(live.gate.open())
    live.connect(4, [transport])
    eventually(lambda: live.total("socketio_connected_clients") == 1, "the one who came back")
