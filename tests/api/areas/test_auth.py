from __future__ import annotations

import jwt
import pytest

from simulator.api.tokens import mint_access_token
from simulator.catalog.accounts import account, signing_key
from simulator.units import MINUTE

ME = "/api/v1/auth/me"
LOGIN = "/api/v1/auth/login"
REGISTER = "/api/v1/auth/register"
REFRESH = "/api/v1/auth/refresh"


def registration(**changes: str) -> dict[str, str]:
    return {
        "username": "newcomer",
        "email": "new@example.com",
        "password": "secret-123",
        "confirmPassword": "secret-123",
        **changes,
    }


def test_register_then_everything_a_session_is_for(api):
    made = api.client.post(REGISTER, json=registration())
    assert made.status_code == 201
    body = made.json()
    assert body["success"] is True
    assert set(body["meta"]) == {"requestId", "processingTime"}
    assert body["data"]["user"]["username"] == "newcomer"
    first = body["data"]["tokens"]
    mine = {"authorization": f"Bearer {first['accessToken']}"}
    assert api.client.get(ME, headers=mine).json()["data"]["user"]["email"] == "new@example.com"

    again = api.client.post(LOGIN, json={"identifier": "NEW@example.com", "password": "secret-123"})
    assert again.status_code == 200

    fresh = api.client.post(REFRESH, json={"refreshToken": first["refreshToken"]})
    assert fresh.status_code == 200
    assert fresh.json()["data"]["security"]["expiresAt"]
    used_up = api.client.post(REFRESH, json={"refreshToken": first["refreshToken"]})
    assert (used_up.status_code, used_up.json()["code"]) == (401, "REFRESH_TOKEN_REVOKED")

    assert api.client.post("/api/v1/auth/logout", headers=mine).status_code == 200
    gone = api.client.get(ME, headers=mine)
    assert (gone.status_code, gone.json()["code"]) == (401, "TOKEN_REVOKED")


def test_cookies_of_a_session(api):
    answer = api.client.post(LOGIN, json={"username": "user_000007", "password": "Rehearsal-000007"})
    cookies = {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {"accessToken", "refreshToken", "csrfToken"}
    assert all("SameSite=Strict" in line for line in cookies.values())
    assert "HttpOnly" in cookies["accessToken"]
    assert "HttpOnly" not in cookies["csrfToken"]
    assert "Path=/api/v1/auth/refresh" in cookies["refreshToken"]


def test_claims_are_the_contracts(api):
    token = api.login()["authorization"].split()[1]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == "cryb-platform"
    assert claims["aud"] == "cryb-users"
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert {"userId", "email", "sessionId", "isVerified", "jti"} <= set(claims)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (registration(confirmPassword="other-1234"), 400, "PASSWORD_MISMATCH"),
        (registration(username="user_000001"), 409, "USERNAME_EXISTS"),
        (registration(email="user_000001@users.cryb.example"), 409, "EMAIL_EXISTS"),
        (registration(username="no spaces"), 422, "VALIDATION_ERROR"),
        (registration(password="short", confirmPassword="short"), 422, "VALIDATION_ERROR"),
        ({"username": "walletless"}, 400, "NO_AUTH_METHOD"),
        ({"username": 7, "password": "secret-123"}, 400, "REQUEST_VALIDATION_ERROR"),
        ({}, 400, "REQUEST_VALIDATION_ERROR"),
    ],
)
def test_registrations_that_are_refused(api, body, status, code):
    answer = api.client.post(REGISTER, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.total("cryb_user_registrations_total") == 0


def test_validation_names_the_fields(api):
    missing = api.client.post(REGISTER, json={}).json()
    assert "username" in missing["details"]["validation"]
    wrong = api.client.post(REGISTER, json=registration(username="x")).json()
    assert "username" in wrong["details"]["errors"]


def header(value: str | None) -> dict[str, str]:
    return {} if value is None else {"authorization": value}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "AUTH_HEADER_MISSING"),
        ("Basic abc", "INVALID_AUTH_FORMAT"),
        ("Bearer ", "TOKEN_EMPTY"),
        ("Bearer abc", "INVALID_TOKEN_FORMAT"),
        ("Bearer a.b.c", "MALFORMED_TOKEN"),
    ],
)
def test_a_token_of_a_wrong_form_is_told_so(api, value, code):
    answer = api.client.get(ME, headers=header(value))
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_a_token_of_another_key_is_refused(api):
    token = mint_access_token(account(7), b"x" * 32, issued_s=api.clock.now_ms() // 1000)
    answer = api.client.get(ME, headers=header(f"Bearer {token}"))
    assert answer.json()["code"] == "INVALID_TOKEN_SIGNATURE"


def test_a_refresh_token_opens_no_route(api):
    tokens = api.client.post(LOGIN, json={"username": "user_000007", "password": "Rehearsal-000007"}).json()["data"]
    answer = api.client.get(ME, headers=header(f"Bearer {tokens['tokens']['refreshToken']}"))
    assert answer.json()["code"] == "INVALID_TOKEN_PAYLOAD"
    used_as_refresh = api.client.post(REFRESH, json={"refreshToken": tokens["tokens"]["accessToken"]})
    assert used_as_refresh.json()["code"] == "INVALID_REFRESH_TOKEN"


def test_an_access_token_ends_after_fifteen_minutes_by_the_clock(api):
    mine = api.login()
    api.clock.advance(15 * MINUTE - 1000)
    assert api.client.get(ME, headers=mine).status_code == 200
    api.clock.advance(1000)
    assert api.client.get(ME, headers=mine).json()["code"] == "TOKEN_EXPIRED"


def test_minted_tokens_are_good(api):
    key = signing_key(seed=7, run_id="run-1")
    token = mint_access_token(account(42), key, issued_s=api.clock.now_ms() // 1000)
    assert api.client.get(ME, headers=header(f"Bearer {token}")).json()["data"]["user"]["username"] == "user_000042"


def test_tokens_are_good_on_every_instance_of_a_run(make_api):
    first, second = make_api(instances=2), make_api(instances=2, instance="api-2")
    tokens = first.client.post(REGISTER, json=registration()).json()["data"]["tokens"]
    there = second.client.get(ME, headers=header(f"Bearer {tokens['accessToken']}"))
    assert there.status_code == 200
    assert there.json()["data"]["user"]["email"] == "new@example.com"
    assert second.client.get(ME, headers=first.login()).json()["data"]["user"]["username"] == "user_000007"


def test_failed_logins_are_counted_and_lock_the_account(api):
    wrong = {"username": "user_000007", "password": "wrong"}
    codes = [api.client.post(LOGIN, json=wrong).json()["code"] for _ in range(11)]
    assert codes == ["INVALID_CREDENTIALS"] * 10 + ["ACCOUNT_LOCKED"]
    right = {"username": "user_000007", "password": "Rehearsal-000007"}
    assert api.client.post(LOGIN, json=right).status_code == 423
    api.clock.advance(15 * MINUTE)
    assert api.client.post(LOGIN, json=right).status_code == 200
    assert api.total("cryb_auth_attempts_total", method="password") == 13
    assert api.total("cryb_auth_failures_total", reason="invalid_credentials") == 10
    assert api.total("cryb_auth_failures_total", reason="account_locked") == 2
    assert api.total("cryb_sessions_created_total") == 1


def test_a_user_outside_the_pool_does_not_exist(make_api):
    small = make_api(users=10, rate_limits=False)
    answer = small.client.post(LOGIN, json={"username": "user_000011", "password": "Rehearsal-000011"})
    assert answer.status_code == 401
    assert small.login(10)
