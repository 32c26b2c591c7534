from __future__ import annotations

import pytest

from simulator.api.realtime.messages import EDITABLE_MS, MESSAGES

V1 = "/api/v1"


@pytest.fixture
def three(live):
    """Three users who look at one channel, the last over polling, and its id."""
    channel = live.channel().id
    users = [live.connect(3), live.connect(4), live.connect(5, ["polling"])]
    for user in users:
        assert user.call("channel:join", {"channelId": channel})["success"] is True
        assert user.wait("channel:messages")["channel_id"] == channel
    return channel, users


def test_everybody_in_the_channel_hears_a_message_the_sender_too(live, three):
    channel, users = three
    outsider = live.connect(6)
    answer = users[0].call("message:create", {"channelId": channel, "content": "hello", "nonce": "n-1"})
    for user in users:
        message = user.wait("message:create")
        assert message["id"] == answer["messageId"]
        assert message["nonce"] == "n-1"
        assert (message["channelId"], message["userId"]) == (channel, live.user_id(3))
        assert message["user"]["username"] == "user_000003"
        assert {"createdAt", "replyTo", "attachments", "embeds", "reactions"} <= set(message)
        user.settle()
    outsider.settle()
    assert [len(user.all("message:create")) for user in [*users, outsider]] == [1, 1, 1, 0]
    assert [len(user.all("channel:typing_stop")) for user in users] == [0, 1, 1]
    assert live.total("cryb_messages_total", channel_type="text", message_type="user") == 1
    assert live.total("cryb_message_latency_seconds_count") == 1


def test_a_channel_has_one_history_for_sockets_and_http(live, three):
    channel, users = three
    users[0].call("message:create", {"channelId": channel, "content": "by socket"})
    with live.http() as http:
        mine = live.headers(3)
        found = http.get(f"{V1}/messages", params={"channelId": channel}, headers=mine).json()["data"]["messages"]
        assert found[0]["content"] == "by socket"
        http.post(f"{V1}/messages", json={"channelId": channel, "content": "by http"}, headers=mine)
        http.post(f"{V1}/servers/channels/{channel}/messages", json={"content": "by server"}, headers=mine)
        http.post(f"{V1}/channels/{channel}/typing", headers=mine)
    heard = users[2].wait("messageCreate")
    assert heard["channelId"] == channel
    assert heard["message"]["content"] == "by http"
    assert users[2].wait("message")["content"] == "by server"
    assert users[2].wait("typingStart")["user"]["id"] == live.user_id(3)
    users[1].call("channel:leave", channel)
    users[1].call("channel:join", channel)
    contents = [message["content"] for message in users[1].wait("channel:messages", times=2)["messages"]]
    assert contents[:3] == ["by server", "by http", "by socket"]


def test_edit_react_delete(live, three):
    channel, (author, other, third) = three
    message = author.call("message:create", {"channelId": channel, "content": "a"})["messageId"]
    assert other.call("message:edit", {"messageId": message, "content": "b"})["code"] == "FORBIDDEN"
    assert other.wait("error")["code"] == "FORBIDDEN"
    assert author.call("message:edit", {"messageId": message, "content": "b"})["success"] is True
    assert third.wait("message:update")["content"] == "b"
    assert other.call("message:react", {"messageId": message, "emoji": "+1"})["success"] is True
    told = {"message_id": message, "user_id": live.user_id(4), "emoji": "+1", "channel_id": channel}
    assert third.wait("message:reaction_add") == told
    assert other.call("message:unreact", {"messageId": message, "emoji": "+1"})["success"] is True
    assert third.wait("message:reaction_remove") == told
    assert other.call("message:unreact", {"messageId": message, "emoji": "+1"})["code"] == "NOT_FOUND"
    live.clock.advance(EDITABLE_MS + 1)
    assert author.call("message:edit", {"messageId": message, "content": "c"})["code"] == "FORBIDDEN"
    assert author.call("message:delete", {"messageId": message})["success"] is True
    assert third.wait("message:delete") == {"id": message, "channel_id": channel}
    assert author.call("message:delete", {"messageId": message})["code"] == "NOT_FOUND"


def test_whoever_is_mentioned_hears_it_wherever_they_are(live, three):
    channel, users = three
    elsewhere = live.connect(6)
    content = "@user_000006 look, @user_000003, @nobody_here"
    message = users[0].call("message:create", {"channelId": channel, "content": content})["messageId"]
    told = elsewhere.wait("message:mention")
    assert (told["message_id"], told["channel_id"], told["author"]["id"]) == (message, channel, live.user_id(3))
    users[0].settle()
    assert users[0].all("message:mention") == []
    assert live.total("cryb_notifications_sent_total", type="mention") == 1


def test_nobody_writes_where_they_do_not_belong(shared):
    client = shared.connect(3)
    foreign = next(
        server
        for server in shared.app.platform.store.seeded_servers
        if not shared.app.platform.store.server_members.has(server, shared.app.platform.people.by_number(3))
    )
    payload = {"channelId": foreign.channels[0].id, "content": "x"}
    assert client.call("message:create", payload)["code"] == "FORBIDDEN"
    assert client.call("channel:join", payload)["code"] == "FORBIDDEN"
    assert client.call("server:join", {"serverId": foreign.id})["code"] == "FORBIDDEN"
    assert client.call("message:create", {"channelId": "no", "content": "x"})["code"] == "NOT_FOUND"
    client.settle()
    assert sorted(error["code"] for error in client.all("error")) == ["FORBIDDEN"] * 3 + ["NOT_FOUND"]


def test_five_messages_in_five_seconds_and_channel(make_live):
    live = make_live(rate_limits=True)
    client, other = live.connect(3), live.connect(4)
    channel = live.channel()
    payload = {"channelId": channel.id, "content": "x"}
    answers = [client.call("message:create", payload)["success"] for _ in range(MESSAGES.most + 2)]
    assert answers == [True] * MESSAGES.most + [False] * 2
    assert client.wait("error")["code"] == "RATE_LIMITED"
    assert other.call("message:create", payload)["success"] is True
    elsewhere = next(one for one in live.app.platform.store.seeded_servers[0].channels if one is not channel)
    assert client.call("message:create", {**payload, "channelId": elsewhere.id})["success"] is True
    live.clock.advance(MESSAGES.window_ms)
    assert client.call("message:create", payload)["success"] is True
    assert live.total("cryb_messages_failed_total", reason="rate_limited") == 2
    assert live.total("cryb_messages_total") == MESSAGES.most + 5


def test_older_names_mean_the_same(live):
    client, other = live.connect(3), live.connect(4)
    channel = live.channel().id
    for user in (client, other):
        assert user.call("join_channel", {"channelId": channel})["success"] is True
    for name in ("message:send", "send_message"):
        assert client.call(name, {"channelId": channel, "content": name})["success"] is True
    assert [other.wait("message:create", times=n)["content"] for n in (1, 2)] == ["message:send", "send_message"]
    client.io.emit("typing:start", {"channelId": channel})
    other.wait("channel:typing_start")
    client.io.emit("typing:stop", {"channelId": channel})
    client.io.emit("update_presence", {"status": "idle"})
    assert other.wait("presence:update")["status"] == "idle"
    client.io.emit("ping")
    assert client.wait("pong") == {"timestamp": live.clock.now_ms()}
    assert client.call("leave_channel", {"channelId": channel})["success"] is True
    assert live.total("socketio_messages_total", event="message:send") == 0
    assert live.total("socketio_messages_total", event="message:create", room="channel") == 4


def test_direct_messages_are_the_conversation_that_http_knows(live):
    one, other, third = live.connect(3), live.connect(4), live.connect(5)
    channel = one.call("dm:create", {"recipientId": live.user_id(4)})["channelId"]
    assert one.wait("dm:created") == {"channel_id": channel, "recipient_id": live.user_id(4)}
    one.call("message:create", {"channelId": channel, "content": "psst", "nonce": 5})
    heard = other.wait("message:create")
    assert (heard["content"], heard["nonce"]) == ("psst", 5)
    assert third.call("channel:join", {"channelId": channel})["code"] == "FORBIDDEN"
    assert other.call("dm:create", {"recipientId": live.user_id(3)})["channelId"] == channel
    assert other.call("message:react", {"messageId": heard["id"], "emoji": "x"})["success"] is True
    assert one.wait("message:reaction_add")["channel_id"] == channel
    late = live.connect(4)
    one.call("message:create", {"channelId": channel, "content": "again"})
    assert late.wait("message:create")["content"] == "again"
    with live.http() as http:
        path = f"{V1}/direct-messages/conversations/{channel}/messages"
        found = http.get(path, headers=live.headers(4)).json()["data"]["messages"]
    assert [message["content"] for message in found] == ["again", "psst"]
    assert third.all("message:create") == []
    assert live.total("cryb_messages_total", channel_type="dm") == 2
    assert one.call("dm:create", {"recipientId": live.user_id(3)})["code"] == "NOT_FOUND"
