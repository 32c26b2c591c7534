"""Who a virtual user is: an account, an address of its own, the tokens that it holds, and how often it may sign in."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from dataclasses import dataclass, field

import jwt
from _api import TARGET, USERS
from _run import CLOCK, RUN
from locust.env import Environment
from locust.runners import WorkerRunner

from simulator.catalog.accounts import ACCESS_SECONDS, Account
from simulator.profile.target_users import address_of, number_for, part_of, slots_for
from simulator.wire.load_report import NO_USERS_LEFT

REFRESH_BEFORE_SECONDS = 60  # of a token's end
_LOGINS, _LOGIN_SECONDS = 5, 15 * 60.0  # of one user (contract, 1.6)
_SHARED, _SHARED_SECONDS = 20, 5 * 60.0  # on the routes of authentication, from one address

_members = itertools.count()
_free: deque[Identity] = deque()
"""Whose users have ended, the longest first."""


class Budget:
    """At most so many of something in a span of time."""

    def __init__(self, most: int, seconds: float) -> None:
        self._seconds = seconds
        self._used: deque[float] = deque(maxlen=most)
        self._barred_until = 0.0

    def use(self) -> None:
        """Count one."""
        self._used.append(CLOCK.monotonic())

    def bar(self, seconds: float) -> None:
        """Allow nothing for a while: the API said so."""
        self._barred_until = max(self._barred_until, CLOCK.monotonic() + seconds)

    def wait_seconds(self) -> float:
        """How long until one more is allowed."""
        full = len(self._used) == self._used.maxlen
        free = self._used[0] + self._seconds if full else 0.0
        return max(0.0, free - CLOCK.monotonic(), self._barred_until - CLOCK.monotonic())


@dataclass
class Identity:
    """One person with a session. `expires` is the access token's end, in epoch seconds; `visits` how many virtual users
    were this person, one after the other."""

    account: Account
    address: str
    number: int = 0
    visits: int = 0
    access_token: str = ""
    refresh_token: str = ""
    expires: float = 0.0
    logins: Budget = field(default_factory=lambda: Budget(_LOGINS, _LOGIN_SECONDS))

    @property
    def holds(self) -> bool:
        """Whether the access token is good for another minute."""
        return bool(self.access_token) and CLOCK.now_ms() / 1000 < self.expires - REFRESH_BEFORE_SECONDS

    def keep(self, access_token: str, refresh_token: str) -> bool:
        """Take new tokens; False where there is none."""
        self.access_token, self.refresh_token = access_token, refresh_token
        if access_token:
            try:
                self.expires = jwt.decode(access_token, options={"verify_signature": False})["exp"]
            except (jwt.PyJWTError, KeyError):  # not a JWT, or one without an end: the API will tell by a 401
                self.expires = CLOCK.now_ms() / 1000 + ACCESS_SECONDS
        return bool(access_token)

    def forget(self) -> None:
        """Sign in anew next time."""
        self.access_token = self.refresh_token = ""

    def mint(self) -> None:
        """A token signed here, as the target file says."""
        self.access_token = USERS.token(self.account, CLOCK.now_ms() // 1000)
        self.expires = CLOCK.now_ms() / 1000 + TARGET.users.lifetime_seconds


def next_identity(environment: Environment) -> Identity:
    """Who this process's next user is: somebody new, or when all of its part have been there, whoever is free again.

    Processes never share one: who comes when the parts of all are dealt ends, and says so.
    """
    runner, options = environment.runner, environment.parsed_options
    worker = max(0, getattr(runner, "worker_index", 0))
    slots = max(1, options.expect_workers if options is not None else 1)
    if RUN is not None and isinstance(runner, WorkerRunner):
        slots = slots_for(workers=slots, most=RUN.most_users, users=len(USERS))
        if worker >= slots:
            logging.error("this worker came late, and the users are dealt among %d others already", worker)
            raise SystemExit(NO_USERS_LEFT)
    part = {"worker": worker, "workers": slots, "users": len(USERS)}
    nth = next(_members)
    if nth >= part_of(**part) and _free:
        identity = _free.popleft()
    else:
        number = number_for(nth, **part)
        identity = Identity(USERS.user(number), address_of(number), number)
    identity.visits += 1
    return identity


def give_back(identity: Identity) -> None:
    """This person's virtual user has ended; another one may be the same person, who is signed in still."""
    _free.append(identity)


def shared_budget(environment: Environment) -> Budget | None:
    """What all users of this process may use of the routes of authentication together, where the API takes them for
    one client; its share of what the contract allows."""
    if TARGET.users.own_addresses:
        return None
    global _shared
    if _shared is None:
        options = environment.parsed_options
        workers = max(1, options.expect_workers if options is not None else 1)
        _shared = Budget(max(1, _SHARED // workers), _SHARED_SECONDS)
    return _shared


_shared: Budget | None = None
