"""The state is bounded: what goes in beyond a maximum pushes the oldest out, and what is seeded stays."""

from __future__ import annotations

import pytest

from simulator.api import store as stores
from simulator.api.entities import Message
from simulator.api.store import MAXIMA, cuid

V1 = "/api/v1"


@pytest.fixture
def small(monkeypatch, make_api):
    """An API whose collections hold ten entries beside the seeded ones."""
    for name in MAXIMA:
        monkeypatch.setitem(stores.MAXIMA, name, 10)
    return make_api(rate_limits=False)


def test_nothing_grows_beyond_its_maximum(small):
    mine = small.login()
    seeded = small.app.platform.store.sizes()
    home = small.client.get(f"{V1}/communities/general").json()["data"]["id"]
    for n in range(30):
        server = small.client.post(f"{V1}/servers", json={"name": f"s{n}"}, headers=mine).json()["server"]
        channel = server["channels"][0]["id"]
        small.client.post(f"{V1}/messages", json={"channelId": channel, "content": "x"}, headers=mine)
        new = {"name": f"community{n}", "displayName": "x"}
        small.client.post(f"{V1}/communities", json=new, headers=mine)
        post = small.client.post(f"{V1}/posts", json={"communityId": home, "title": "title"}, headers=mine).json()[
            "data"
        ]
        small.client.post(f"{V1}/comments", json={"postId": post["id"], "content": "x"}, headers=mine)
        small.client.post(f"{V1}/posts/{post['id']}/vote", json={"value": 1}, headers=mine)
        small.client.post(f"{V1}/uploads/presigned-url", json={"filename": "f", "contentType": "x/y"}, headers=mine)
    sizes = small.app.platform.store.sizes()
    assert sizes["servers"] == seeded["servers"] + 10
    assert sizes["channels"] <= seeded["channels"] + 10
    assert sizes["communities"] == seeded["communities"] + 10
    assert (sizes["messages"], sizes["posts"], sizes["votes"], sizes["files"]) == (10, 10, 10, 10)
    assert sizes["comments"] <= 10
    assert sizes["memberships"] <= 20
    assert {endpoint["id"] for endpoint in small.client.get(f"{V1}/servers", headers=mine).json()["servers"]}
    assert small.client.get(f"{V1}/communities/community0").status_code == 404
    assert small.client.get(f"{V1}/communities/general").status_code == 200


def test_an_evicted_message_leaves_its_channel_too(small):
    store = small.app.platform.store
    author = small.app.platform.people.by_number(1)
    channel = store.seeded_servers[0].channels[0]
    channel.messages.clear()
    for n in range(25):
        message = Message(f"m{n}", channel.id, author, "x", store.now())
        store.messages.put(message.id, message)
        channel.messages.append(message.id)
    assert list(channel.messages) == [f"m{n}" for n in range(15, 25)]


def test_ids_look_like_cuids_and_differ_between_instances(make_api):
    first, second = make_api(instances=2), make_api(instances=2, instance="api-2")
    ids = {api.app.platform.store.new_id() for api in (first, second) for _ in range(100)}
    assert len(ids) == 200
    assert all(len(one) == 25 and one[0] == "c" and one.isalnum() and one.islower() for one in ids)
    assert cuid("a", 1) == cuid("a", 1) != cuid("a", 2)
