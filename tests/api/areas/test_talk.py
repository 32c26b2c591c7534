"""Servers, channels, messages, users: who may read and write what, and in which form they are told."""

from __future__ import annotations

import pytest

from simulator.api.entities import MESSAGES_PER_CHANNEL

V1 = "/api/v1"


@pytest.fixture
def mine(api):
    return api.login(7)


@pytest.fixture
def server(api, mine):
    return api.client.post(f"{V1}/servers", json={"name": "Ours"}, headers=mine).json()["server"]


def text_channel(server):
    return next(channel["id"] for channel in server["channels"] if channel["type"] == "TEXT")


def test_a_new_server_has_a_text_and_a_voice_channel_and_one_member(api, mine, server):
    assert sorted(channel["type"] for channel in server["channels"]) == ["TEXT", "VOICE"]
    assert server["_count"] == {"members": 1, "channels": 2}
    listed = api.client.get(f"{V1}/servers", headers=mine).json()["servers"]
    assert server["id"] in [entry["id"] for entry in listed]
    assert api.total("cryb_server_memberships_total", action="join") == 1


def test_everybody_of_the_pool_reads_something_without_joining(api):
    for number in (1, 2, 500, 1000):
        mine = api.login(number)
        servers = api.client.get(f"{V1}/servers", headers=mine).json()["servers"]
        assert servers
        channels = api.client.get(f"{V1}/servers/{servers[-1]['id']}/channels", headers=mine).json()["channels"]
        read = api.client.get(f"{V1}/servers/channels/{channels[0]['id']}/messages", headers=mine).json()["messages"]
        assert len(read) == 10


def test_strangers_are_kept_out_in_the_areas_own_words(api, server):
    other = api.login(8)
    refused = api.client.get(f"{V1}/servers/{server['id']}", headers=other)
    assert refused.status_code == 403
    assert set(refused.json()) == {"error"}  # servers: the text only
    channel = text_channel(server)
    refused = api.client.post(f"{V1}/messages", json={"channelId": channel, "content": "hi"}, headers=other)
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    assert api.client.get(f"{V1}/servers/nowhere", headers=other).status_code == 404


def test_join_and_leave(api, server):
    other = api.login(8)
    joined = api.client.post(f"{V1}/servers/{server['id']}/join", headers=other)
    assert joined.json()["success"] is True
    assert api.client.post(f"{V1}/servers/{server['id']}/join", headers=other).status_code == 400
    assert api.client.get(f"{V1}/servers/{server['id']}", headers=other).json()["server"]["_count"]["members"] == 2
    assert api.client.post(f"{V1}/servers/{server['id']}/leave", headers=other).status_code == 200
    assert api.client.get(f"{V1}/servers/{server['id']}", headers=other).status_code == 403
    assert api.client.post(f"{V1}/servers/{server['id']}/leave", headers=other).status_code == 400


def test_what_is_written_is_read_newest_first(api, mine, server):
    channel = text_channel(server)
    for text in ("one", "two"):
        made = api.client.post(f"{V1}/messages", json={"channelId": channel, "content": text}, headers=mine)
        assert made.status_code == 201
    third = api.client.post(f"{V1}/servers/channels/{channel}/messages", json={"content": "three"}, headers=mine)
    assert third.json()["message"]["content"] == "three"
    listed = api.client.get(f"{V1}/messages", params={"channelId": channel}, headers=mine).json()["data"]
    assert [entry["content"] for entry in listed["messages"]] == ["three", "two", "one"]
    assert listed["pagination"]["total"] == 3
    assert api.total("cryb_messages_total", channel_type="text") == 3
    assert api.total("cryb_message_latency_seconds_count") == 3


def test_windows_around_a_message(api, mine, server):
    channel = text_channel(server)
    ids = [
        api.client.post(f"{V1}/messages", json={"channelId": channel, "content": str(n)}, headers=mine).json()["data"][
            "id"
        ]
        for n in range(7)
    ]

    def read(**query: str) -> list[str]:
        answer = api.client.get(f"{V1}/channels/{channel}/messages", params=query, headers=mine)
        return [entry["content"] for entry in answer.json()["data"]["messages"]]

    assert read(before=ids[3], limit="2") == ["2", "1"]
    assert read(after=ids[3], limit="2") == ["5", "4"]
    assert read(around=ids[3], limit="3") == ["4", "3", "2"]
    assert read(page="2", limit="3") == ["3", "2", "1"]
    assert read(before="gone") == []


def test_edit_react_delete(api, mine, server):
    channel = text_channel(server)
    made = api.client.post(f"{V1}/messages", json={"channelId": channel, "content": "x"}, headers=mine).json()["data"]
    path = f"{V1}/messages/{made['id']}"
    api.client.post(f"{V1}/servers/{server['id']}/join", headers=api.login(8))
    assert api.client.patch(path, json={"content": "y"}, headers=api.login(8)).status_code == 403
    assert api.client.patch(path, json={"content": "y"}, headers=mine).json()["data"]["content"] == "y"
    api.client.post(f"{path}/reactions", json={"emoji": "+1"}, headers=mine)
    assert api.client.get(path, headers=mine).json()["data"]["reactions"] == [{"emoji": "+1", "count": 1}]
    assert api.total("cryb_reactions_created_total", content_type="message") == 1
    assert api.client.delete(path, headers=mine).status_code == 200
    assert api.client.get(path, headers=mine).status_code == 404


def test_messages_that_fail_are_counted_by_reason(api, mine, server):
    channel = text_channel(server)
    too_long = {"channelId": channel, "content": "x" * 4001}
    assert api.client.post(f"{V1}/messages", json=too_long, headers=mine).status_code == 422
    assert api.total("cryb_messages_failed_total", reason="validation") == 1
    assert api.total("cryb_messages_total") == 1  # what failed is a part of all


def test_a_channel_holds_so_many_messages_and_no_more(api, mine, server):
    channel = text_channel(server)
    for n in range(MESSAGES_PER_CHANNEL + 3):
        api.client.post(f"{V1}/messages", json={"channelId": channel, "content": str(n)}, headers=mine)
    listed = api.client.get(f"{V1}/messages", params={"channelId": channel, "limit": 1}, headers=mine).json()["data"]
    assert listed["pagination"]["total"] == MESSAGES_PER_CHANNEL
    assert listed["messages"][0]["content"] == str(MESSAGES_PER_CHANNEL + 2)


def test_only_owners_make_channels(api, mine, server):
    new = {"serverId": server["id"], "name": "plans"}
    made = api.client.post(f"{V1}/channels", json=new, headers=mine)
    assert made.status_code == 201
    assert api.client.get(f"{V1}/channels/{made.json()['data']['id']}", headers=mine).status_code == 200
    also = api.client.post(f"{V1}/servers/{server['id']}/channels", json={"name": "x"}, headers=mine)
    assert also.json()["channel"]["type"] == "TEXT"
    home = api.client.get(f"{V1}/servers", headers=mine).json()["servers"][0]
    assert home["id"] != server["id"]
    refused = api.client.post(f"{V1}/channels", json={**new, "serverId": home["id"]}, headers=mine)
    assert refused.status_code == 403


def test_typing_asks_no_database(api, mine, server):
    api.client.get(f"{V1}/users/me", headers=mine)  # the session is known from here on
    before = api.total("cryb_db_queries_total")
    assert api.client.post(f"{V1}/channels/{text_channel(server)}/typing", headers=mine).status_code == 200
    assert api.total("cryb_db_queries_total") == before


def test_users(api, mine):
    me = api.client.get(f"{V1}/users/me", headers=mine).json()["data"]
    assert me["username"] == "user_000007"
    changed = api.client.patch(f"{V1}/users/me", json={"bio": "hello"}, headers=mine).json()["data"]
    assert changed["bio"] == "hello"
    seen = api.client.get(f"{V1}/users/{me['id']}", headers=api.login(8)).json()["data"]
    assert seen["bio"] == "hello"
    assert "friendshipStatus" in seen
    assert api.client.get(f"{V1}/users/nobody", headers=mine).status_code == 404
    assert len(api.client.get(f"{V1}/users/me/servers", headers=mine).json()["data"]) >= 1
