from __future__ import annotations

import pytest

from simulator.api.limits import AUTH, DEFAULT, LOGIN, MESSAGING, RateLimiter
from simulator.clock import parse_rfc3339
from simulator.units import MINUTE

V1 = "/api/v1"


def allowed(limiter: RateLimiter, limit, times: int, now: int, key: str = "k") -> int:
    return sum(limiter.count(limit, key, now).retry_after_ms is None for _ in range(times))


def test_a_window_lets_so_many_through_and_then_starts_again():
    limiter = RateLimiter()
    assert allowed(limiter, DEFAULT, 150, 0) == 100
    assert allowed(limiter, DEFAULT, 5, MINUTE - 1) == 0
    assert allowed(limiter, DEFAULT, 150, MINUTE) == 100


def test_keys_and_limits_are_counted_apart():
    limiter = RateLimiter()
    assert allowed(limiter, DEFAULT, 150, 0, "a") == allowed(limiter, DEFAULT, 150, 0, "b") == 100
    assert allowed(limiter, MESSAGING, 150, 0, "a") == 100


def test_auth_blocks_for_a_quarter_of_an_hour():
    limiter = RateLimiter()
    assert allowed(limiter, AUTH, 21, 0) == 20
    assert limiter.count(AUTH, "k", 5 * MINUTE).retry_after_ms == 10 * MINUTE
    assert allowed(limiter, AUTH, 1, 15 * MINUTE) == 1


def test_login_blocks_for_long_only_when_it_happens_again():
    limiter = RateLimiter()
    assert allowed(limiter, LOGIN, 8, 0) == 5
    assert limiter.count(LOGIN, "k", 0).retry_after_ms == 15 * MINUTE
    assert allowed(limiter, LOGIN, 8, 15 * MINUTE) == 5
    assert limiter.count(LOGIN, "k", 15 * MINUTE).retry_after_ms == 30 * MINUTE
    assert allowed(limiter, LOGIN, 8, 45 * MINUTE) == 5


def test_waiting_as_long_as_told_is_enough():
    limiter = RateLimiter()
    for limit in (DEFAULT, AUTH, LOGIN, MESSAGING):
        now = 1_234_567
        for _ in range(300):
            standing = limiter.count(limit, "k", now)
            if standing.retry_after_ms is not None:
                later = now + standing.retry_after_seconds * 1000
                assert limiter.count(limit, "k", later).retry_after_ms is None
                break
        else:
            pytest.fail(f"{limit.name} never refused")


def test_memory_is_bounded():
    limiter = RateLimiter(most_keys=10)
    for n in range(100):
        limiter.count(DEFAULT, str(n), 0)
    assert len(limiter) == 10


def test_the_default_limit_over_http(make_api):
    api = make_api()
    answers = [api.client.get(f"{V1}/posts") for _ in range(101)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert answers[0].headers["x-ratelimit-limit"] == "100"
    assert answers[0].headers["x-ratelimit-remaining"] == "99"
    assert answers[0].headers["x-ratelimit-reset"] == "60"
    refused = answers[-1]
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    body = refused.json()
    assert (body["code"], body["statusCode"], body["details"]["retryAfter"]) == ("RATE_LIMIT_EXCEEDED", 429, 60)
    assert api.total("http_requests_total", code="429") == 1


def test_users_are_told_apart_by_who_they_are_and_guests_by_address(make_api):
    api = make_api()
    one, two = api.login(1), api.login(2)
    for headers in (one, two, {"x-forwarded-for": "198.51.100.1"}, {"x-forwarded-for": "198.51.100.2, 10.0.0.1"}):
        codes = [api.client.get(f"{V1}/posts", headers=headers).status_code for _ in range(101)]
        assert codes.count(429) == 1


def test_health_and_metrics_are_never_refused(make_api):
    api = make_api()
    assert {api.client.get("/health").status_code for _ in range(150)} == {200}
    assert {api.client.get("/metrics").status_code for _ in range(3)} == {200}


def test_messages_and_searches_have_limits_of_their_own(make_api):
    api = make_api()
    mine = api.login()
    codes = [api.client.get(f"{V1}/search?q=x", headers=mine).status_code for _ in range(61)]
    assert codes.count(429) == 1
    server = api.client.get(f"{V1}/servers", headers=mine).json()["servers"][0]["id"]
    channels = api.client.get(f"{V1}/servers/{server}/channels", headers=mine).json()["channels"]
    new = {"channelId": channels[0]["id"], "content": "x"}
    answers = [api.client.post(f"{V1}/messages", json=new, headers=mine) for _ in range(101)]
    assert [answer.status_code for answer in answers] == [201] * 100 + [429]
    reset = parse_rfc3339(answers[0].headers["x-ratelimit-reset"])
    assert reset == api.clock.now_ms() + MINUTE
    assert api.total("cryb_messages_failed_total", reason="rate_limited") == 1


def login(api, number: int, address: str | None):
    body = {"username": f"user_{number:06d}", "password": "wrong-one"}
    headers = {"x-forwarded-for": address} if address else {}
    return api.client.post(f"{V1}/auth/login", json=body, headers=headers)


def test_five_logins_per_address_and_identifier(make_api):
    api = make_api()
    codes = [login(api, 1, "198.51.100.1").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    assert login(api, 2, "198.51.100.1").status_code == 401
    assert login(api, 1, "198.51.100.2").status_code == 401
    assert api.total("cryb_auth_failures_total", reason="rate_limited") == 1
    assert api.total("cryb_auth_attempts_total") == 8


def test_twenty_auth_requests_per_address(make_api):
    api = make_api()
    answers = [login(api, number, "198.51.100.1") for number in range(1, 22)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    details = answers[-1].json()["details"]
    assert (details["endpoint"], details["blocked"]) == (f"{V1}/auth/login", True)
    assert int(answers[-1].headers["x-ratelimit-reset"]) == api.clock.now_ms() // 1000 + 15 * 60


def test_this_machine_is_exempt_from_auth_limits_unless_it_forwards(make_api):
    api = make_api(address="127.0.0.1")
    assert {login(api, number, None).status_code for number in range(1, 50)} == {401}
    assert [login(api, number, "198.51.100.1").status_code for number in range(1, 22)][-1] == 429


def test_limits_can_be_switched_off(make_api):
    api = make_api(rate_limits=False)
    answers = [api.client.get(f"{V1}/posts") for _ in range(150)]
    assert {answer.status_code for answer in answers} == {200}
    assert "x-ratelimit-limit" not in answers[0].headers
