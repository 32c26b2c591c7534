"""Communities, posts, comments, votes, search, notifications, uploads, health."""

from __future__ import annotations

import pytest

from simulator.api.store import INBOX
from simulator.units import MINUTE

V1 = "/api/v1"


@pytest.fixture
def mine(api):
    return api.login(7)


def community(api, name="general"):
    return api.client.get(f"{V1}/communities/{name}").json()["data"]


def new_post(api, headers, title="A title", **more):
    body = {"communityId": community(api)["id"], "title": title, **more}
    return api.client.post(f"{V1}/posts", json=body, headers=headers).json()["data"]


def test_lists_are_there_from_the_start(api):
    posts = api.client.get(f"{V1}/posts").json()["data"]
    assert len(posts["items"]) == 25
    assert (posts["page"], posts["pageSize"], posts["hasMore"], posts["total"]) == (1, 25, True, 600)
    first = posts["items"][0]
    assert set(first["_count"]) == {"Comment", "Vote", "Award"}
    assert first["User"]["username"].startswith("user_")
    assert api.client.get(f"{V1}/communities").json()["data"]["total"] == 30
    assert api.client.get(f"{V1}/posts/trending").json()["data"]["items"]
    assert api.client.get(f"{V1}/posts/{first['id']}").json()["data"]["id"] == first["id"]


def test_sorts(api):
    top = api.client.get(f"{V1}/posts", params={"sort": "top", "limit": 50}).json()["data"]["items"]
    scores = [post["score"] for post in top]
    assert scores == sorted(scores, reverse=True)
    new = api.client.get(f"{V1}/posts", params={"sort": "new", "limit": 50}).json()["data"]["items"]
    dates = [post["createdAt"] for post in new]
    assert dates == sorted(dates, reverse=True)
    only = api.client.get(f"{V1}/posts", params={"community": "music"}).json()["data"]["items"]
    assert {post["Community"]["name"] for post in only} == {"music"}


def test_a_list_is_a_minute_old_at_most(api, mine):
    def newest() -> str:
        return api.client.get(f"{V1}/posts", params={"sort": "new"}).json()["data"]["items"][0]["title"]

    newest()
    new_post(api, mine, "Brand new")
    assert newest() != "Brand new"
    api.clock.advance(MINUTE)
    assert newest() == "Brand new"
    assert api.total("cryb_cache_hits_total") > 0


@pytest.mark.parametrize("query", [{"limit": 101}, {"page": 0}, {"sort": "oldest"}, {"limit": "many"}])
def test_queries_out_of_bounds(api, query):
    answer = api.client.get(f"{V1}/posts", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert set(answer.json()["details"]["errors"]) == set(query)


def test_posting_needs_membership(api):
    other = api.login(8)
    outside = next(
        entry
        for entry in api.client.get(f"{V1}/communities", params={"limit": 100}).json()["data"]["items"]
        if api.client.post(
            f"{V1}/posts", json={"communityId": entry["id"], "title": "let me in"}, headers=other
        ).status_code
        == 403
    )
    refused = api.client.post(f"{V1}/posts", json={"communityId": outside["id"], "title": "let me in"}, headers=other)
    assert set(refused.json()) == {"success", "error"}  # the short form
    assert api.client.post(f"{V1}/communities/{outside['name']}/join", headers=other).status_code == 200
    allowed = api.client.post(f"{V1}/posts", json={"communityId": outside["id"], "title": "let me in"}, headers=other)
    assert allowed.status_code == 200
    assert api.total("cryb_posts_created_total", community=outside["name"], type="text") == 1


def test_communities_of_users_are_not_label_values(api, mine):
    new = {"name": "Ours", "displayName": "Ours"}
    made = api.client.post(f"{V1}/communities", json=new, headers=mine).json()["data"]
    assert made["_count"] == {"members": 1, "posts": 0}
    assert api.client.post(f"{V1}/communities", json=new, headers=mine).status_code == 409
    api.client.post(f"{V1}/posts", json={"communityId": made["id"], "title": "Hello"}, headers=mine)
    assert api.total("cryb_posts_created_total", community="other") == 1
    assert api.client.post(f"{V1}/communities/ours/leave", headers=mine).status_code == 200
    assert api.client.get(f"{V1}/communities/nowhere").status_code == 404


def test_votes(api, mine):
    post = new_post(api, mine)
    path = f"{V1}/posts/{post['id']}/vote"
    other = api.login(8)
    up = api.client.post(path, json={"value": 1}, headers=other).json()["data"]
    assert up == {"score": 2, "upvotes": 2, "downvotes": 0, "userVote": 1}
    assert api.client.post(path, json={"value": 1}, headers=other).json()["data"] == {"message": "Vote unchanged"}
    assert api.client.post(path, json={"value": -1}, headers=other).json()["data"]["score"] == 0
    assert api.client.post(path, json={"value": 0}, headers=other).json()["data"]["score"] == 1
    assert api.client.post(path, json={"value": 2}, headers=other).status_code == 422
    assert api.total("cryb_reactions_created_total", content_type="post") == 2


def test_save_is_a_switch(api, mine):
    post = new_post(api, mine)
    path = f"{V1}/posts/{post['id']}/save"
    assert [api.client.post(path, headers=mine).json()["data"]["saved"] for _ in range(3)] == [True, False, True]


def test_threads(api, mine):
    post = new_post(api, mine)
    other = api.login(8)

    def comment(content: str, parent: str | None = None) -> str:
        body = {"postId": post["id"], "content": content, "parentId": parent}
        return api.client.post(f"{V1}/comments", json=body, headers=other).json()["data"]["id"]

    root = comment("root")
    reply = comment("reply", root)
    comment("deeper", reply)
    thread = api.client.get(f"{V1}/comments/post/{post['id']}", params={"depth": 2}).json()["data"]
    assert [entry["content"] for entry in thread] == ["root"]
    below = thread[0]["replies"][0]
    assert (below["content"], below["depth"], below["replies"], below["hasMoreReplies"]) == ("reply", 1, [], True)
    same = api.client.get(f"{V1}/comments", params={"postId": post["id"], "depth": 3}).json()["data"]
    assert same[0]["replies"][0]["replies"][0]["content"] == "deeper"
    voted = api.client.post(f"{V1}/comments/{root}/vote", json={"value": 1}, headers=mine).json()["data"]
    assert voted["score"] == 2
    assert api.total("cryb_comments_created_total") == 3
    missing = api.client.post(f"{V1}/comments", json={"postId": "gone", "content": "x"}, headers=other)
    assert missing.status_code == 404


def test_whoever_is_answered_hears_of_it(api, mine):
    base = f"{V1}/notifications/notifications"
    post = new_post(api, mine)
    assert api.client.get(f"{base}/unread-count", headers=mine).json() == {"count": 1}  # the welcome
    api.client.post(f"{V1}/comments", json={"postId": post["id"], "content": "x"}, headers=mine)  # to oneself: nothing
    api.client.post(f"{V1}/comments", json={"postId": post["id"], "content": "x"}, headers=api.login(8))
    inbox = api.client.get(base, headers=mine).json()
    assert (inbox["total"], inbox["unreadCount"]) == (2, 2)
    assert inbox["notifications"][0]["type"] == "comment"
    assert api.total("cryb_notifications_sent_total", type="comment", channel="in_app") == 1
    read = api.client.post(f"{base}/{inbox['notifications'][0]['id']}/read", headers=mine)
    assert read.json() == {"success": True}
    assert api.client.get(f"{base}/unread-count", headers=mine).json() == {"count": 1}
    assert api.client.post(f"{base}/read-all", headers=mine).json() == {"success": True}
    assert api.client.get(f"{base}/unread-count", headers=mine).json() == {"count": 0}
    gone = api.client.post(f"{base}/gone/read", headers=mine)
    assert (gone.status_code, set(gone.json())) == (404, {"error"})


def test_an_inbox_is_bounded(api, mine):
    post = new_post(api, mine)
    other = api.login(8)
    for _ in range(INBOX + 5):
        api.client.post(f"{V1}/comments", json={"postId": post["id"], "content": "x"}, headers=other)
    assert api.client.get(f"{V1}/notifications/notifications", headers=mine).json()["total"] == INBOX


def test_search_finds_what_was_written(api, mine):
    new_post(api, mine, "Quixotic zeppelins")
    found = api.client.get(f"{V1}/search", params={"q": "zeppelins QUIXOTIC"}).json()
    assert [post["title"] for post in found["data"]["posts"]] == ["Quixotic zeppelins"]
    assert found["query"] == "zeppelins QUIXOTIC"
    assert found["searchMeta"]["totalSources"] == 1
    only = api.client.get(f"{V1}/search", params={"q": "music", "type": "communities"}).json()["data"]
    assert [entry["name"] for entry in only["communities"]] == ["music"]
    user = api.client.get(f"{V1}/search", params={"q": "user_000042", "type": "users"}).json()["data"]["users"]
    assert [entry["username"] for entry in user] == ["user_000042"]
    assert api.total("cryb_search_queries_total", type="all") == 1
    assert api.total("cryb_search_queries_total", type="communities") == 1
    assert api.total("cryb_search_duration_seconds_count") == 3
    assert api.client.get(f"{V1}/search").status_code == 422
    names = api.client.get(f"{V1}/search/suggestions", params={"q": "mu"}).json()["data"]
    assert names == ["Music"]


def test_messages_are_found_by_members_only(api, mine):
    server = api.client.post(f"{V1}/servers", json={"name": "S"}, headers=mine).json()["server"]
    channel = next(entry["id"] for entry in server["channels"] if entry["type"] == "TEXT")
    api.client.post(f"{V1}/messages", json={"channelId": channel, "content": "xylophone"}, headers=mine)

    def hits(headers: dict[str, str]) -> int:
        query = {"q": "xylophone", "type": "messages"}
        return len(api.client.get(f"{V1}/search", params=query, headers=headers).json()["data"]["messages"])

    assert (hits(mine), hits(api.login(8)), hits({})) == (1, 0, 0)


def test_uploads(api, mine):
    made = api.client.post(
        f"{V1}/uploads/presigned-url", json={"filename": "a.png", "contentType": "image/png"}, headers=mine
    ).json()["data"]
    info = api.client.get(f"{V1}/uploads/{made['fileId']}/info", headers=mine).json()["data"]
    assert info["originalName"] == "a.png"
    assert api.client.get(f"{V1}/uploads/gone/info", headers=mine).json()["code"] == "RESOURCE_NOT_FOUND"


def test_health_and_status(api):
    health = api.client.get("/health").json()
    assert health["status"] == "healthy"
    assert set(health["checks"]) == {"api", "database", "redis", "elasticsearch", "minio", "realtime"}
    assert api.client.get(f"{V1}/status").json()["data"]["services"]["database"] == "healthy"
