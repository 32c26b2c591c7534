"""A member of the platform: one account with its own address, a session, and requests as the contract has them.

Here is everything that is the same for each request; the journeys in the locustfiles are then only who reads what.
"""

from __future__ import annotations

import itertools
import random
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlencode

import gevent
import orjson
from _api import EXEMPT, EXPIRED, TARGET, USERS
from _fast_http import FastUser
from _identity import Identity, give_back, next_identity, shared_budget
from _made import note
from _pacing import PacedUser
from _run import PLAIN_HOST, RUN
from _shape import REQUEST_SECONDS
from _wording import draw_wording
from gevent.pool import Group
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING

from simulator.profile.target import LOGIN, REFRESH
from simulator.wire.envelope import read_code, read_data, read_token
from simulator.wire.load_report import Outcome, Unanswered

Json = dict[str, Any]

SEED = RUN.manifest.seed if RUN else 1
WORDING = draw_wording(SEED)
_BARRED_SECONDS = 60.0  # after a 429 that does not say how long

_PROCESS = secrets.token_hex(4)
_requests = itertools.count(1)


class Member(PacedUser, FastUser):
    """Someone with an account. `call` is the only way to the API; it takes a turn, and signs in when it has to."""

    abstract = True
    host = PLAIN_HOST
    network_timeout = REQUEST_SECONDS
    connection_timeout = REQUEST_SECONDS / 2

    def __init__(self, environment: Environment) -> None:
        self.identity = next_identity(environment)
        number, visit = self.identity.number, self.identity.visits
        if RUN is not None:
            self.host = RUN.hosts[number % len(RUN.hosts)]
        super().__init__(environment)
        self.random = random.Random(f"{SEED}:{number}:{visit}")
        self._shared = shared_budget(environment)
        self._status, self._content = 0, b""  # of the last answer

    def start(self, group: Group) -> gevent.Greenlet:
        """As Locust starts a user; once it has ended, another user may be the same person."""
        greenlet = super().start(group)
        greenlet.link(lambda _: give_back(self.identity))
        return greenlet

    @property
    def account(self) -> Any:
        """Who this user is now."""
        return self.identity.account

    @property
    def _address(self) -> str:
        return self.identity.address

    @property
    def _access_token(self) -> str:
        return self.identity.access_token

    @_access_token.setter
    def _access_token(self, token: str) -> None:
        self.identity.access_token = token

    def call(
        self,
        method: str,
        route: str,
        *,
        query: dict[str, object] | None = None,
        body: dict[str, object] | None = None,
        form: tuple[bytes, str] | None = None,
        declines: Collection[int] = (),
        makes: str = "",
        **ids: str,
    ) -> Any:
        """Send one request in this user's next turn and return the answer's data; None when there is none to use.

        `route` is the contract's pattern, its parameters given by name: `call("GET", "/api/v1/posts/:id", id=post)`.
        `declines` are the statuses other than success that the journey counts with. `form` is a body and its content
        type. `makes` names the kind of thing that the request creates, for it to be removed some day.
        """
        if TARGET.path(route) is None:  # this API has no such route; what is built on it does without
            return None
        for _ in range(2):
            if not self._signed_in():
                return None
            headers = {TARGET.auth.header: TARGET.auth.value.format(token=self._access_token)}
            data = self._send(method, route, ids, query, body, declines, headers, form)
            if makes and isinstance(data, dict):
                self.made(makes, data.get("id"))
            if not self._has_expired():
                return data
        return None

    def made(self, kind: str, made_id: object) -> None:
        """Note that this user made something."""
        who = self.account
        note(kind, made_id, by=who.username, number=who.number, host=self.host or "")

    def rest(self, seconds: float) -> None:
        """Do nothing for a while. Ends the user when it was told to stop meanwhile."""
        while seconds > 0:
            if self._state == LOCUST_STATE_STOPPING:
                raise StopUser
            gevent.sleep(min(seconds, 1.0))
            seconds -= 1.0

    @contextmanager
    def as_somebody(self, identity: Identity) -> Iterator[None]:
        """Be somebody else for a while: a newcomer, who has no account at first."""
        own, self.identity = self.identity, identity
        self.client.cookiejar.clear()
        try:
            yield
        finally:
            self.identity = own
            self.client.cookiejar.clear()

    def _signed_in(self) -> bool:
        """Whether there is a token that still holds; getting one costs a turn like any other request."""
        who, auth = self.identity, TARGET.auth
        if who.holds:
            return True
        if USERS.minted and who.account.number:  # newcomers are not of the pool
            who.mint()
            return True
        if who.refresh_token:
            token, who.refresh_token = who.refresh_token, ""
            if self._authenticate(REFRESH, TARGET.refresh_path, {auth.refresh.field: token}):
                return self._take(auth.refresh.access_token, auth.refresh.refresh_token)
        self.rest(who.logins.wait_seconds())
        credentials = {auth.login.identifier: who.account.username, auth.login.password: who.account.password}
        if not self._authenticate(LOGIN, TARGET.login_path, {**auth.login.more, **credentials}):
            return False
        return self._take(auth.login.access_token, auth.login.refresh_token)

    def _authenticate(self, route: str, path: str, body: dict[str, object]) -> bool:
        """Ask for tokens, as often as the contract allows, from one address and by one name."""
        if self._shared is not None:
            self.rest(self._shared.wait_seconds())
            self._shared.use()
        good = self._send("POST", route, body=body, path=path) is not None
        if route == LOGIN and 0 < self._status < 500:  # what never came to the limit was not counted by it
            self.identity.logins.use()
        return good

    def _take(self, access_place: str, refresh_place: str | None) -> bool:
        cookies = self._cookies()
        access = read_token(access_place, self._content, cookies)
        refresh = read_token(refresh_place, self._content, cookies) if refresh_place else ""
        return self.identity.keep(access, refresh)

    def _has_expired(self) -> bool:
        """Whether the API said that the token is over, which is no longer held then."""
        if self._status != 401 or read_code(TARGET.envelope, self._content) != EXPIRED:
            return False
        self.identity.expires = 0.0
        return True

    def _send(
        self,
        method: str,
        route: str,
        ids: dict[str, str] | None = None,
        query: dict[str, object] | None = None,
        body: dict[str, object] | None = None,
        declines: Collection[int] = (),
        headers: dict[str, str] | None = None,
        form: tuple[bytes, str] | None = None,
        path: str | None = None,
    ) -> Any:
        path = path or TARGET.path(route) or route
        for name, value in (ids or {}).items():
            path = path.replace(f":{name}", quote(value, safe=""))
        if query:
            path = f"{path}?{urlencode(query)}"
        content, kind = form or (orjson.dumps(body) if body is not None else None, "application/json")
        self.turn()
        told = {"route": f"{method} {route}", "late": self.late_seconds(), "id": self._next_id()}
        began = perf_counter()
        try:
            caught = self.client.request(
                method,
                path,
                name=route,
                data=content,
                headers={
                    **EXEMPT,
                    **(headers or {}),
                    **({"X-Forwarded-For": self._address} if TARGET.users.own_addresses else {}),
                    **({"Content-Type": kind} if content is not None else {}),
                },
                catch_response=True,
            )
        except gevent.GreenletExit:
            self._stopped_waiting(method, route, began, told)
            raise
        with caught as response:
            self._status, self._content = response.status_code or 0, response.content or b""
            meta = response.request_meta
            outcome, data = Outcome.FAILED, None
            if self._status == 429:
                outcome = Outcome.RATE_LIMITED
                meta["request_type"], meta["name"] = "429", outcome.value  # a line of its own in Locust's table
                response.success()
                if route in (LOGIN, REFRESH):
                    self._bar(response.headers.get("retry-after"))
            elif self._status in declines:
                outcome = Outcome.DECLINED
                response.success()
            elif 200 <= self._status < 300:
                data, problem = self._read(route)
                if problem:
                    response.failure(problem)
                else:
                    outcome = Outcome.OK
            elif self._status == 401 and headers:
                if read_code(TARGET.envelope, self._content) == EXPIRED:
                    outcome = Outcome.DECLINED  # a new token will do
                    response.success()
                else:
                    self.identity.forget()  # the API forgot this session: sign in anew
            meta["context"] = {"outcome": outcome, **told}
        return data

    def _next_id(self) -> str:
        """Give the next request an id, by which an API's log tells what became of it where no answer does."""
        number = f"{_PROCESS}-{next(_requests):x}"
        if RUN is not None:
            self.client.header_line = f"X-Request-Id: {number}\r\n".encode()
        return number

    def _stopped_waiting(self, method: str, route: str, began: float, told: Json) -> None:
        """This user is ended with a request on its way: Locust would forget it."""
        self.environment.events.request.fire(
            request_type=method,
            name=route,
            response_time=(perf_counter() - began) * 1000,
            response_length=0,
            exception=ConnectionAbortedError("the user was stopped with the request on its way"),
            context={"outcome": Outcome.FAILED, "end": Unanswered.ABORTED, **told},
        )

    def _read(self, route: str) -> tuple[Any, str]:
        """The data of an answer, and what is wrong with it. Of signing in, only that there is a token."""
        auth = TARGET.auth
        places = {LOGIN: auth.login.access_token, REFRESH: auth.refresh.access_token}
        if route not in places:
            return read_data(TARGET.envelope, route, self._content)
        found = read_token(places[route], self._content, self._cookies())
        return {}, "" if found else f"the answer has no token at {places[route]}"

    def _cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.client.cookiejar}

    def _bar(self, retry_after: object) -> None:
        """Sign in no more before the API takes it."""
        told = str(retry_after or "")
        seconds = float(told) if told.isdigit() else _BARRED_SECONDS
        (self._shared or self.identity.logins).bar(seconds)
