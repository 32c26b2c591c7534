"""What the API counts of sockets is what went over them, exactly."""

from __future__ import annotations

from collections import Counter

from simulator.catalog.messaging import EVENTS
from tests.api.realtime.conftest import Live


def shown(live: Live, name: str, *by: str) -> Counter[tuple[str, ...]]:
    """Samples of a name by the values of some labels."""
    found: Counter[tuple[str, ...]] = Counter()
    for (sample, labels), value in live.samples().items():
        if sample == name:
            found[tuple(dict(labels)[label] for label in by)] += int(value)
    return found


def test_events_sent_and_received_are_the_counters(live):
    channel = live.channel().id
    users = [live.connect(number, transports) for number, transports in ((3, None), (4, None), (5, ["polling"]))]
    sent: Counter[str] = Counter()
    refused = 0

    def send(user: int, event: str, data: object) -> dict[str, object]:
        nonlocal refused
        sent[event] += 1
        answer = users[user].call(event, data)
        refused += not answer["success"]
        return answer

    for user in range(3):
        send(user, "channel:join", {"channelId": channel})
    for number in range(9):
        send(number % 3, "channel:typing", {"channelId": channel})
        made = send(
            number % 3, "message:create", {"channelId": channel, "content": f"@user_00000{3 + number % 3} {number}"}
        )
        send(1, "message:react", {"messageId": made["messageId"], "emoji": "+1"})
    send(0, "message:create", {"channelId": channel, "content": ""})
    send(0, "message:delete", {"messageId": "nothing"})
    send(2, "presence:update", {"status": "idle"})
    for user in users:
        user.io.emit("heartbeat")
        user.wait("heartbeat_ack")
        sent["heartbeat"] += 1
    for user in users:
        user.settle()
        sent["ping"] += 1
    events = shown(live, "socketio_messages_total", "event")
    # the server sends an event once, to however many
    emitted = Counter(
        {
            "ready": 3,
            "channel:messages": 3,
            "channel:member_join": 3,
            "channel:typing_start": 9,
            "channel:typing_stop": 9,
            "message:create": 9,
            "message:reaction_add": 9,
            "presence:update": 1,
            "heartbeat_ack": 3,
            "pong": 3,
            "error": refused,
        }
    )
    assert refused == 2
    assert {name: count for (name,), count in events.items()} == dict(sent + emitted)
    assert shown(live, "socketio_message_duration_seconds_count", "event") == events
    heard = Counter(name for user in users for name, _ in user.heard)
    assert heard["message:create"] == 3 * 9
    assert heard["channel:typing_stop"] == heard["channel:typing_start"] == 2 * 9
    assert heard["channel:member_join"] == 0 + 1 + 2
    assert live.total("cryb_messages_total") == sent["message:create"]
    assert live.total("cryb_messages_failed_total") == 1
    assert live.total("cryb_message_latency_seconds_count") == 9
    assert live.total("cryb_reactions_created_total", content_type="message") == 9
    assert live.total("socketio_rooms_active", namespace="/") == 3 + 1
    assert live.total("socketio_message_queue_size") == 0


def test_events_carry_the_rooms_that_the_catalogue_gives_them(live):
    channel = live.channel().id
    server = live.app.platform.store.seeded_servers[0].id
    one = live.connect(3)
    direct = one.call("dm:create", {"recipientId": live.user_id(4)})["channelId"]
    one.call("server:join", {"serverId": server})
    one.call("channel:join", {"channelId": channel})
    for place in (channel, direct):
        made = one.call("message:create", {"channelId": place, "content": "@user_000004"})["messageId"]
        one.call("message:react", {"messageId": made, "emoji": "x"})
        one.call("message:edit", {"messageId": made, "content": "y"})
        one.call("message:delete", {"messageId": made})
    one.call("channel:typing", {"channelId": channel})
    one.call("presence:update", {"status": "dnd"})
    one.call("heartbeat")
    counted = shown(live, "socketio_messages_total", "event", "room")
    ours = {names for names, _ in EVENTS if not names[0].startswith("voice")}
    assert ours <= set(counted)


def test_without_socketio_in_the_load_the_model_shows_sockets(make_api):
    names = ("socketio_connected_clients", "socketio_messages_total", "cryb_realtime_connections_total")
    for scenarios, here in ((("http",), False), (("http", "socketio"), True)):
        text = make_api(scenarios=scenarios).client.get("/metrics").text
        assert [f"# TYPE {name} " in text for name in names] == [here] * len(names)
