"""Payments and webhooks, friends and direct messages, second factors, forgotten passwords, and what else there is."""

from __future__ import annotations

import pytest

from simulator.units import MINUTE

V1 = "/api/v1"
PURCHASE = {
    "amount": "25.50",
    "currency": "EUR",
    "cryptoCurrency": "ETH",
    "network": "ethereum",
    "walletAddress": "0x00000000000000000000000000000000000000aa",
}


@pytest.fixture
def mine(api):
    return api.login(7)


def act(api, headers, path, method="POST", **body):
    answer = api.client.request(method, f"{V1}/{path}", json=body or None, headers=headers)
    return answer.json().get("data") if answer.status_code < 300 else answer.status_code


def buy(api, headers):
    return act(api, headers, "crypto-payments/purchase", **PURCHASE)


def test_a_payment_goes_its_way(make_api):
    api = make_api(rate_limits=False, journeys={"buyer": 1})
    mine = api.login(7)
    made = buy(api, mine)
    path = f"crypto-payments/payments/{made['id']}"
    seen = [made["status"]]
    for _ in range(3):
        api.clock.advance(1500)
        seen.append(act(api, mine, path, "GET")["status"])
    assert seen == ["PENDING", "PROCESSING", "COMPLETED", "COMPLETED"]
    assert api.total("cryb_payment_success_rate", payment_method="crypto") == 100
    assert act(api, mine, f"{path}/cancel") == 400
    second = buy(api, mine)
    assert act(api, mine, f"crypto-payments/payments/{second['id']}/cancel")["status"] == "CANCELLED"
    listed = act(api, mine, "crypto-payments/payments", "GET")["items"]
    assert [one["id"] for one in listed] == [second["id"], made["id"]]
    assert act(api, api.login(8), path, "GET") == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [({"amount": "10000.01"}, 400), ({"amount": "0"}, 400), ({"amount": "-1"}, 422), ({"currency": "XXX"}, 422)],
)
def test_purchases_out_of_bounds(api, mine, change, status):
    assert act(api, mine, "crypto-payments/purchase", **{**PURCHASE, **change}) == status


def test_a_fault_of_the_provider_fails_its_share(make_api):
    fault = {"id": "provider", "kind": "payment_failures", "at": "1m", "for": "5m", "intensity": 0.4}
    api = make_api(rate_limits=False, journeys={"buyer": 1}, faults=(fault,))
    mine = api.login(7)
    api.clock.advance(2 * MINUTE)
    made = [buy(api, mine)["id"] for _ in range(100)]
    api.clock.advance(5_000)
    statuses = [act(api, mine, f"crypto-payments/payments/{one}", "GET")["status"] for one in made]
    failed = statuses.count("FAILED")
    assert 15 < failed < 65
    assert api.total("cryb_payment_success_rate", payment_method="crypto") == 100 - failed


def test_webhooks_are_acknowledged_and_card_payments_counted(make_api):
    api = make_api(rate_limits=False, journeys={"buyer": 1})
    for name, event in (
        ("stripe", {"type": "payment_intent.succeeded"}),
        ("stripe", {"type": "payment_intent.payment_failed"}),
        ("stripe", {"type": "customer.created"}),
        ("transak", {"eventID": "ORDER_COMPLETED"}),
        ("livekit", {"event": "room_started"}),
    ):
        assert api.client.post(f"/webhooks/{name}", json=event).json() == {"received": True}
    assert api.total("cryb_payment_success_rate", payment_method="stripe") == 50


@pytest.mark.parametrize("kind", ["follow", "friend", "block"])
def test_relations_are_made_and_ended(api, mine, kind):
    account = api.app.platform.people.by_number(8)
    path = f"users/{account.username if kind == 'follow' else account.id}/{kind}"
    assert act(api, mine, path)["userId"] == account.id
    assert act(api, mine, path) == 400
    friends = act(api, mine, "users/me/friends", "GET")
    assert [one["id"] for one in friends] == ([account.id] if kind == "friend" else [])
    assert act(api, mine, path, "DELETE")["userId"] == account.id
    assert act(api, mine, path, "DELETE") == 404
    assert act(api, mine, "users/me/friends", "GET") == []
    assert act(api, mine, f"users/nobody/{kind}") == 404


def test_direct_messages(api, mine):
    people = api.app.platform.people
    other, third = people.by_number(8), people.by_number(9)
    theirs, stranger = api.login(8), api.login(10)
    talk = act(api, mine, "direct-messages/conversations", userIds=[other.id])
    assert act(api, theirs, "direct-messages/conversations", userIds=[people.by_number(7).id])["id"] == talk["id"]
    path = f"direct-messages/conversations/{talk['id']}"
    assert act(api, mine, f"{path}/messages", content="hello there")["content"] == "hello there"
    assert act(api, theirs, f"{path}/messages", "GET")["messages"][0]["content"] == "hello there"
    assert act(api, stranger, f"{path}/messages", "GET") == 403
    assert act(api, theirs, f"{path}/typing")["message"]
    assert act(api, theirs, f"{path}/read")["message"]
    assert [one["id"] for one in act(api, theirs, "direct-messages/conversations", "GET")] == [talk["id"]]
    assert act(api, theirs, "search/direct-messages?q=hello", "GET")[0]["content"] == "hello there"
    assert act(api, stranger, "search/direct-messages?q=hello", "GET") == []
    group = act(api, mine, "direct-messages/conversations", userIds=[other.id, third.id], type="GROUP_DM", name="us")
    assert len(group["participants"]) == 3
    assert act(api, mine, "direct-messages/conversations", userIds=[other.id, third.id]) == 400
    assert act(api, theirs, f"users/{people.by_number(7).id}/block")
    assert act(api, mine, "direct-messages/conversations", userIds=[other.id]) == 403
    assert api.total("cryb_messages_total", channel_type="dm") == 1


def register(api, name):
    body = {"username": name, "password": "A-secret-1", "confirmPassword": "A-secret-1", "email": f"{name}@x.example"}
    return api.client.post(f"{V1}/auth/register", json=body).json()["data"]["user"]["id"]


def test_a_second_factor(api):
    person = api.app.platform.people.by_id(register(api, "careful_2fa"))
    told = act(api, {}, "auth/login", username="careful_2fa", password="A-secret-1")
    assert told["security"] == {"requires2FA": True}
    assert "tokens" not in told
    code = api.app.platform.people.code_of(person)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert act(api, {}, "auth/verify-2fa", tempToken=told["tempToken"], code=wrong) == 401
    tokens = act(api, {}, "auth/verify-2fa", tempToken=told["tempToken"], code=code)["tokens"]
    assert act(api, {"authorization": f"Bearer {tokens['accessToken']}"}, "auth/me", "GET")["user"]["id"] == person.id
    assert act(api, {}, "auth/verify-2fa", tempToken=told["tempToken"], code=code) == 401
    late = act(api, {}, "auth/login", username="careful_2fa", password="A-secret-1")["tempToken"]
    api.clock.advance(5 * MINUTE)
    assert act(api, {}, "auth/verify-2fa", tempToken=late, code=code) == 401
    assert api.total("cryb_auth_failures_total", method="2fa", reason="invalid_2fa") == 1


def test_a_forgotten_password(api):
    person = api.app.platform.people.by_id(register(api, "forgetful"))
    assert act(api, {}, "auth/forgot-password", email="nobody@x.example")["message"]
    token = api.app.platform.people.reset_token_of(person)
    new = {"password": "Another-1", "confirmPassword": "Another-1"}
    assert act(api, {}, "auth/reset-password", token=f"{token}0", **new) == 400
    assert act(api, {}, "auth/reset-password", token=token, password="Another-1", confirmPassword="other") == 400
    assert act(api, {}, "auth/reset-password", token=token, **new)["message"]
    assert act(api, {}, "auth/login", username="forgetful", password="A-secret-1") == 401
    assert act(api, {}, "auth/login", username="forgetful", password="Another-1")["tokens"]


def test_sessions_and_their_common_end(api):
    first, second = api.login(7), api.login(7)
    sessions = act(api, first, "auth/sessions", "GET")["sessions"]
    assert [one["isCurrent"] for one in sessions] == [True, False]
    assert act(api, first, "auth/logout-all")["message"]
    assert [act(api, one, "auth/me", "GET") for one in (first, second)] == [401, 401]
    assert act(api, api.login(7), "auth/me", "GET")["user"]


def test_channels_change_and_go(api, mine):
    server = api.client.post(f"{V1}/servers", json={"name": "mine"}, headers=mine).json()["server"]
    channel = server["channels"][0]["id"]
    message = act(api, mine, "messages", channelId=channel, content="hello")["id"]
    assert act(api, mine, f"messages/{message}/pin")["isPinned"] is True
    assert act(api, mine, f"messages/{message}/unpin")["isPinned"] is False
    assert act(api, mine, f"search/servers/{server['id']}?q=hello", "GET")[0]["id"] == message
    assert act(api, api.login(8), f"search/servers/{server['id']}?q=hello", "GET") == 403
    assert act(api, {}, f"search/servers/{server['id']}?q=hello", "GET") == 401
    assert act(api, mine, f"channels/{channel}", "PATCH", topic="new")["topic"] == "new"
    assert act(api, api.login(8), f"channels/{channel}", "PATCH", topic="x") == 403
    assert act(api, mine, f"channels/{channel}", "DELETE")["id"] == channel
    assert act(api, mine, f"channels/{channel}", "GET") == 404
    assert act(api, mine, f"messages/{message}", "GET") == 404


def test_the_rest_answers(api, mine):
    assert act(api, mine, "users/me/presence", "PATCH", status="DND")["status"] == "DND"
    assert act(api, mine, "users/me/presence", "PATCH", status="AWAY") == 422
    assert act(api, mine, "users/search?q=user_000008", "GET")["items"][0]["username"] == "user_000008"
    assert act(api, {}, "communities/general/stats", "GET")["memberCount"] > 0
    assert act(api, {}, "search/advanced?q=the", "GET")["posts"] is not None
    assert set(act(api, {}, "metrics/dashboard", "GET")) == {
        "users",
        "postsLast24h",
        "messagesLast24h",
        "communities",
        "metrics",
    }
    assert act(api, {}, "health-detailed", "GET")["services"]["api"] == "healthy"
    assert "GET /health" in api.client.get("/documentation").text
    assert api.client.get("/docs").headers["location"] == "/documentation"
    assert api.client.get("/socket/health").json()["instance"] == "api-1"
