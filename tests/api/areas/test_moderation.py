"""Reports reach who moderates; bans, mutes, locks and removals hold; awards and marks."""

from __future__ import annotations

import pytest

V1 = "/api/v1"
MODERATION = f"{V1}/moderation"


@pytest.fixture
def api(make_api):
    return make_api(rate_limits=False, journeys={"moderator": 1})


@pytest.fixture
def founder(api):
    return api.login(7)


@pytest.fixture
def other(api):
    return api.login(8)


@pytest.fixture
def home(api, founder, other):
    """A community of the founder's, with the other as a member."""
    body = {"name": "my_home", "displayName": "Home"}
    made = api.client.post(f"{V1}/communities", json=body, headers=founder).json()["data"]
    assert api.client.post(f"{V1}/communities/my_home/join", headers=other).status_code == 200
    return made


def user_id(api, headers):
    return api.client.get(f"{V1}/users/me", headers=headers).json()["data"]["id"]


def post(api, headers, home, **more):
    body = {"communityId": home["id"], "title": "A title", **more}
    answer = api.client.post(f"{V1}/posts", json=body, headers=headers)
    return answer.json().get("data") or answer.status_code


def act(api, headers, path, method="POST", **body):
    answer = api.client.request(method, f"{V1}/{path}", json=body or None, headers=headers)
    return answer.json().get("data") if answer.status_code < 300 else answer.status_code


def test_a_report_is_queued_for_moderators_and_resolved(api, founder, other, home):
    bad = post(api, other, home)
    comment = act(api, other, "comments", postId=bad["id"], content="Buy now!")
    reports = [
        act(api, founder, f"posts/{bad['id']}/report", reason="spam"),
        act(api, founder, f"comments/{comment['id']}/report", reason="rude words", details="see above"),
    ]
    queue = f"moderation/communities/{home['id']}/queue"
    assert act(api, other, queue, "GET") == 403
    assert [one["id"] for one in act(api, founder, queue, "GET")["items"]] == [one["id"] for one in reversed(reports)]
    whole = api.client.get("/api/moderation/queue", headers=founder).json()["data"]
    assert whole["total"] == 2
    assert api.client.get("/api/moderation/queue", headers=other).json()["data"]["total"] == 0
    resolved = act(api, founder, f"moderation/reports/{reports[1]['id']}/resolve", action="remove", note="out")
    assert (resolved["status"], resolved["contentType"]) == ("removed", "comment")
    assert act(api, other, f"comments/{comment['id']}/like") == 404
    assert act(api, other, f"moderation/reports/{reports[0]['id']}/resolve", action="approve") == 403
    assert act(api, founder, f"moderation/reports/{reports[0]['id']}/resolve", action="remove")["status"] == "removed"
    assert act(api, founder, f"posts/{bad['id']}", "GET") == 404
    assert act(api, founder, queue, "GET")["total"] == 0
    assert api.total("cryb_content_moderations_total", action="remove", content_type="post", reason="spam") == 1
    assert api.total("cryb_moderation_actions_total", action_type="remove", reason="other") == 1


@pytest.mark.parametrize("kind", ["ban", "mute"])
def test_who_is_banned_or_muted_cannot_write(api, founder, other, home, kind):
    path, victim = f"moderation/communities/{home['id']}/{kind}", user_id(api, other)
    assert act(api, other, path, userId=victim) == 403
    assert act(api, founder, path, userId="0c7b0000-0000-4000-8000-0000ffffffff") == 404
    made = act(api, founder, path, userId=victim, reason="harassment", duration=1)
    assert made["expiresAt"] > made["createdAt"]
    assert post(api, other, home) == 403
    mine = post(api, founder, home)
    assert act(api, other, "comments", postId=mine["id"], content="still here") == 403
    assert act(api, other, f"communities/{home['name']}/join") == (403 if kind == "ban" else 400)
    assert act(api, other, "moderation/appeal", punishmentId=made["id"], reason="I did nothing")["message"]
    assert act(api, founder, "moderation/appeal", punishmentId=made["id"], reason="I did nothing") == 404
    api.clock.advance(24 * 3600_000)
    founder_again, other_again = api.login(7), api.login(8)
    assert act(api, other_again, "comments", postId=mine["id"], content="back")["content"] == "back"
    assert api.total("cryb_moderation_actions_total", action_type=kind, reason="harassment") == 1
    assert founder_again != founder


def test_a_server_bans_too(api, founder, other):
    server = api.client.post(f"{V1}/servers", json={"name": "mine"}, headers=founder).json()["server"]
    path = f"moderation/servers/{server['id']}/ban"
    assert api.client.post(f"{V1}/servers/{server['id']}/join", headers=other).status_code == 200
    assert act(api, founder, path, userId=user_id(api, other))["type"] == "ban"
    assert api.client.post(f"{V1}/servers/{server['id']}/join", headers=other).status_code == 403
    assert api.client.get(f"{V1}/servers/{server['id']}", headers=other).status_code == 403


def test_seeded_groups_have_their_moderators_by_rule(api, other):
    communities = api.client.get(f"{V1}/communities", params={"limit": 100}).json()["data"]["items"]
    allowed = [
        one["id"] for one in communities if act(api, other, f"moderation/communities/{one['id']}/queue", "GET") != 403
    ]
    assert len(allowed) == 1


def test_posts_are_pinned_locked_crossposted_and_removed(api, founder, other, home):
    mine = post(api, other, home)
    assert act(api, other, f"posts/{mine['id']}/pin") == 403
    assert act(api, founder, f"posts/{mine['id']}/pin")["isPinned"] is True
    assert act(api, founder, f"posts/{mine['id']}/lock")["isLocked"] is True
    assert act(api, other, "comments", postId=mine["id"], content="too late") == 403
    assert act(api, founder, f"posts/{mine['id']}/lock")["isLocked"] is False
    general = api.client.get(f"{V1}/communities/general").json()["data"]["id"]
    crossed = act(api, other, f"posts/{mine['id']}/crosspost", communityId=general)
    assert (crossed["title"], crossed["crosspostOf"]) == (mine["title"], mine["id"])
    assert act(api, founder, f"posts/{crossed['id']}/remove") == 403
    assert act(api, other, f"posts/{crossed['id']}/remove")["isRemoved"] is True
    assert act(api, other, f"posts/{crossed['id']}", "GET") == 404


@pytest.mark.parametrize("kind", ["like", "bookmark", "repost"])
def test_marks_are_made_once_and_taken_back(api, other, kind):
    found = api.client.get(f"{V1}/posts").json()["data"]["items"][0]["id"]
    path = f"posts/{found}/{kind}"
    first = act(api, other, path)
    assert act(api, other, path) == first
    assert act(api, other, path, "DELETE")["postId"] == found
    assert act(api, other, path, "DELETE") == 404
    assert act(api, other, f"posts/gone/{kind}") == 404
    assert api.total("cryb_reactions_created_total", type="like") == (1 if kind == "like" else 0)


def test_awards_are_counted_and_heard_of(api, founder, other, home):
    mine = post(api, founder, home)
    assert act(api, other, f"awards/post/{mine['id']}", type="tin") == 400
    assert act(api, other, f"awards/post/{mine['id']}", type="gold")["type"] == "gold"
    assert act(api, founder, f"posts/{mine['id']}", "GET")["_count"]["Award"] == 1
    comment = act(api, founder, "comments", postId=mine["id"], content="thanks")
    assert act(api, other, f"awards/comment/{comment['id']}", type="silver")["commentId"] == comment["id"]
    assert act(api, other, "awards/comment/gone", type="silver") == 404
    unread = api.client.get(f"{V1}/notifications/notifications/unread-count", headers=founder).json()["count"]
    assert unread >= 2


def test_an_analysis_tells_a_risk(api, founder):
    spam = {"type": "message", "data": {"userId": "x", "content": "FREE MONEY, click here: https://x, buy now"}}
    for path in (f"{V1}/moderation/analyze", "/api/moderation/analyze"):
        data = api.client.post(path, json=spam, headers=founder).json()["data"]
        assert (data["riskLevel"], data["actions"]) == ("high", ["remove"])
    plain = {"type": "message", "data": {"userId": "x", "content": "good evening"}, "priority": "low"}
    assert act(api, founder, "moderation/analyze", **plain)["riskLevel"] == "low"
    assert act(api, founder, "moderation/analyze", **{**plain, "type": "other"}) == 422
