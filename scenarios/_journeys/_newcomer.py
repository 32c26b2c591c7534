"""The newcomer registers, fills in a profile, looks around, joins, and writes for the first time."""

from __future__ import annotations

import secrets

from _api import TARGET, USERS
from _identity import Identity
from _made import TAG
from _member import WORDING, Json
from _run import CLOCK, RUN

from simulator.catalog.accounts import MAIL_DOMAIN, Account

from ._steps import NothingToDoError, Steps, journey

_REGISTER = "/api/v1/auth/register"


class Arriving(Steps):
    """Registration and what follows."""

    abstract = True

    @journey
    def arrive(self) -> None:
        """Register and settle in; now and then log out in the end."""
        if self.random.random() < _staying_away():
            raise NothingToDoError("a fault keeps newcomers away")
        newcomer = _somebody()
        with self.as_somebody(newcomer):
            self._register(newcomer.account)
            self._settle_in()

    def _register(self, who: Account) -> None:
        if self._shared is not None:
            self.rest(self._shared.wait_seconds())
            self._shared.use()
        body: Json = {
            "username": who.username,
            "displayName": who.display_name,
            "email": who.email,
            "password": who.password,
            "confirmPassword": who.password,
        }
        answer = self._send("POST", _REGISTER, body=body, declines=(409,))
        if answer is None:
            raise NothingToDoError("the registration was not taken")
        self.made("account", (answer.get("user") or {}).get("id") or who.username)
        login = TARGET.auth.login
        if not self._take(login.access_token, login.refresh_token) and USERS.minted:
            raise NothingToDoError(f"the answer to the registration has no token at {login.access_token}")

    def _settle_in(self) -> None:
        self.call("GET", "/api/v1/auth/me")
        about: Json = {"bio": f"{self.random.choice(WORDING.messages)} {TAG}"[:500]}
        self.call("PATCH", "/api/v1/users/me", body=about)
        if self.perhaps(0.7):
            community = self.a_community()
            self.open_post(self.a_post())
            if self.perhaps(0.4):
                choose = self.random.choice
                self.write_post(community["id"], choose(WORDING.titles), choose(WORDING.paragraphs))
        self.call("GET", "/api/v1/notifications/notifications", query={"page": 1, "limit": 20})
        if self.perhaps(0.2):
            self.call("POST", "/api/v1/auth/logout")


def _somebody() -> Identity:
    """Somebody whom no other process makes up, with an address that nobody else has (2001:db8:: is for examples)."""
    token = secrets.token_hex(6)
    name = f"new_{token}"
    account = Account(0, "", name, f"{name}@{MAIL_DOMAIN}", secrets.token_urlsafe(12), f"Newcomer {token}")
    return Identity(account, f"2001:db8:{token[:4]}:{token[4:8]}:{token[8:]}::1")


def _staying_away() -> float:
    """The share of newcomers that the profile's faults keep away now."""
    if RUN is None:
        return 0.0
    acting = RUN.manifest.active(CLOCK.now_ms())
    return max((one.intensity for one in acting if one.fault.kind == "registration_drop"), default=0.0)
