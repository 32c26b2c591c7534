"""A member of the platform: one account with its own address, a session, and requests as the contract has them.

Here is everything that is the same for each request; the journeys in the locustfiles are then only who reads what.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection
from typing import Any
from urllib.parse import quote, urlencode

import jwt
import orjson
from _pacing import PacedUser
from _run import CLOCK, PLAIN_HOST, RUN
from _shape import REQUEST_SECONDS
from _wording import draw_wording
from locust import FastHttpUser
from locust.env import Environment

from simulator.catalog.accounts import account
from simulator.wire.load_report import Outcome

Json = dict[str, Any]

SEED = RUN.manifest.seed if RUN else 1
WORDING = draw_wording(SEED)
ACCOUNTS = RUN.manifest.profile.platform.registered_users if RUN else 1_000
_REFRESH_BEFORE_SECONDS = 60  # of a token's end
_BARE = ("/api/v1/servers", "/api/v1/notifications")  # their answers have no envelope (contract, 1.3)

_members = itertools.count()


def _account_number(environment: Environment) -> int:
    """Workers share the accounts out by taking every n-th, so no two users are one person while accounts last."""
    index = max(0, environment.runner.worker_index)
    return 1 + (next(_members) * environment.parsed_options.expect_workers + index) % ACCOUNTS


class Member(PacedUser, FastHttpUser):
    """Someone with an account. `call` is the only way to the API; it takes a turn, and signs in when it has to."""

    abstract = True
    host = PLAIN_HOST
    network_timeout = REQUEST_SECONDS
    connection_timeout = REQUEST_SECONDS / 2

    def __init__(self, environment: Environment) -> None:
        number = _account_number(environment)
        if RUN is not None:
            self.host = RUN.hosts[number % len(RUN.hosts)]
        super().__init__(environment)
        self.account = account(number)
        self.random = random.Random(f"{SEED}:{number}")
        # each user another client to the API's limits by address (198.18.0.0/15 is for benchmarks, RFC 2544, then on)
        address = (198 << 24) + (18 << 16) + number
        self._address = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
        self._access_token = ""
        self._refresh_token = ""
        self._expires = 0.0

    def call(
        self,
        method: str,
        route: str,
        *,
        query: dict[str, object] | None = None,
        body: dict[str, object] | None = None,
        declines: Collection[int] = (),
        **ids: str,
    ) -> Any:
        """Send one request in this user's next turn and return the answer's data; None when there is none to use.

        `route` is the contract's pattern, its parameters given by name: `call("GET", "/api/v1/posts/:id", id=post)`.
        `declines` are the statuses other than success that the journey counts with.
        """
        if not self._signed_in():
            return None
        return self._send(method, route, ids, query, body, declines, {"Authorization": f"Bearer {self._access_token}"})

    def _signed_in(self) -> bool:
        """Whether there is a token that still holds; getting one costs a turn like any other request."""
        if self._access_token and CLOCK.now_ms() / 1000 < self._expires - _REFRESH_BEFORE_SECONDS:
            return True
        if self._refresh_token:
            token, self._refresh_token = self._refresh_token, ""
            if self._send("POST", "/api/v1/auth/refresh", body={"refreshToken": token}) is not None:
                cookies = {cookie.name: cookie.value or "" for cookie in self.client.cookiejar}
                return self._keep(cookies.get("accessToken", ""), cookies.get("refreshToken", ""))
        credentials = {"identifier": self.account.username, "password": self.account.password}
        answer = self._send("POST", "/api/v1/auth/login", body=credentials)
        if answer is None:
            return False
        return self._keep(answer["tokens"]["accessToken"], answer["tokens"]["refreshToken"])

    def _keep(self, access_token: str, refresh_token: str) -> bool:
        self._access_token, self._refresh_token = access_token, refresh_token
        if access_token:
            self._expires = jwt.decode(access_token, options={"verify_signature": False})["exp"]
        return bool(access_token)

    def _send(
        self,
        method: str,
        route: str,
        ids: dict[str, str] | None = None,
        query: dict[str, object] | None = None,
        body: dict[str, object] | None = None,
        declines: Collection[int] = (),
        headers: dict[str, str] | None = None,
    ) -> Any:
        path = route
        for name, value in (ids or {}).items():
            path = path.replace(f":{name}", quote(value, safe=""))
        if query:
            path = f"{path}?{urlencode(query)}"
        self.turn()
        late = self.late_seconds()
        with self.client.request(
            method,
            path,
            name=route,
            data=orjson.dumps(body) if body is not None else None,
            headers={
                **(headers or {}),
                "X-Forwarded-For": self._address,
                **({"Content-Type": "application/json"} if body is not None else {}),
            },
            catch_response=True,
        ) as response:
            meta = response.request_meta
            outcome, data = Outcome.FAILED, None
            if response.status_code == 429:
                outcome = Outcome.RATE_LIMITED
                meta["request_type"], meta["name"] = "429", outcome.value  # a line of its own in Locust's table
                response.success()
            elif response.status_code in declines:
                outcome = Outcome.DECLINED
                response.success()
            elif 200 <= response.status_code < 300:
                data, problem = _data(route, response.content)
                if problem:
                    response.failure(problem)
                else:
                    outcome = Outcome.OK
            elif response.status_code == 401:
                self._access_token = self._refresh_token = ""  # the API forgot this session: sign in anew
            meta["context"] = {"outcome": outcome, "route": f"{method} {route}", "late": late}
        return data


def _data(route: str, content: bytes | None) -> tuple[Any, str]:
    """The data of a successful answer, and what is wrong with its form (nothing, mostly)."""
    try:
        body = orjson.loads(content or b"")
    except orjson.JSONDecodeError:
        return None, "the answer is not JSON"
    if not isinstance(body, dict):
        return None, "the answer is not a JSON object"
    if route.startswith(_BARE):
        return (None, "an error with a status of success") if "error" in body else (body, "")
    if body.get("success") is not True or "data" not in body:
        return None, "the envelope has no success:true with data"
    return body["data"], ""
