"""One user of a target, for the few requests that crybsim sends itself: registering, and removing what a run made."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from simulator.catalog.accounts import Account
from simulator.clock import WallClock
from simulator.profile.target import LOGIN, Target
from simulator.profile.target_users import TargetUsers, address_of
from simulator.transport import http_client
from simulator.wire.envelope import read_data, read_token

LONGEST_WAIT_SECONDS: Final = 90.0
"""A 429 that asks for more than this is given up on."""
_ATTEMPTS: Final = 3


class Visitor:
    """Sends requests to one API instance as users of the target. Tokens are kept; nothing of them is ever shown."""

    def __init__(
        self,
        target: Target,
        users: TargetUsers | None,
        host: str,
        *,
        allowed: Collection[str] = (),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises InputError for a host that was not allowed."""
        self._target = target
        self._users = users
        self._client = http_client(host, allowed=allowed, headers=target.exemption_headers())
        self._sleep = sleep
        self._clock = WallClock()
        self._tokens: dict[int, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(
        self,
        method: str,
        route: str,
        *,
        number: int,
        body: Mapping[str, object] | None = None,
        token: str = "",
        path: str | None = None,
        **ids: str,
    ) -> httpx.Response:
        """One request to a route of the contract; waits where a limit says so. Raises httpx.HTTPError.

        `number` tells whose address it comes from.
        """
        where = path or self._target.path(route) or route
        for name, value in ids.items():
            where = where.replace(f":{name}", quote(value, safe=""))
        headers = {"X-Forwarded-For": address_of(number)} if self._target.users.own_addresses else {}
        if token:
            headers[self._target.auth.header] = self._target.auth.value.format(token=token)
        for attempt in range(_ATTEMPTS):
            answer = self._client.request(method, where, headers=headers, json=dict(body) if body is not None else None)
            wait = retry_after(answer)
            if answer.status_code != 429 or wait > LONGEST_WAIT_SECONDS or attempt == _ATTEMPTS - 1:
                break
            self._sleep(wait)
        self._client.cookies.clear()  # each user is another browser
        return answer

    def data(self, route: str, answer: httpx.Response) -> Any:
        """The data of an answer; None where there is none to use."""
        return read_data(self._target.envelope, route, answer.content)[0] if answer.is_success else None

    def token(self, who: Account) -> str:
        """A token of a user: signed here, or by a login; empty where the API gives none. Raises httpx.HTTPError."""
        if who.number not in self._tokens:
            assert self._users is not None
            minted = self._users.minted
            now_s = self._clock.now_ms() // 1000
            self._tokens[who.number] = self._users.token(who, now_s) if minted else self._log_in(who)
        return self._tokens[who.number]

    def _log_in(self, who: Account) -> str:
        login = self._target.auth.login
        body = {**login.more, login.identifier: who.username, login.password: who.password}
        answer = self.send("POST", LOGIN, number=who.number, body=body, path=self._target.login_path)
        if not answer.is_success:
            return ""
        return read_token(login.access_token, answer.content, dict(answer.cookies.items()))


def retry_after(answer: httpx.Response) -> float:
    """Seconds that a 429 asks to wait; one where it does not say."""
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdigit() else 1.0
