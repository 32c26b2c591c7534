"""Accounts that exist on every instance of the reference API, computed instead of stored.

The API's processes share nothing, and a load generator cannot register a million users first. So the n-th account
(from 1 to the profile's `platform.registered_users`) is a pure function of n: anybody can log in as it, on any
instance, and a user id says which account it is. Names keep to the platform's rules (3-32 of `[A-Za-z0-9_]`).

How a scenario gets a user without touching `POST /auth/register`:

    >>> account(7).username, account(7).password         # for POST /auth/login
    ('user_000007', 'Rehearsal-000007')
    >>> key = signing_key(seed=1, run_id="r")            # or for a token, by simulator.api.tokens.mint_access_token

These are stand-in credentials of a stand-in server; they open nothing else.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

ISSUER: Final = "cryb-platform"
AUDIENCE: Final = "cryb-users"
ALGORITHM: Final = "HS256"
ACCESS_SECONDS: Final = 15 * 60
REFRESH_SECONDS: Final = 30 * 24 * 3600
MAIL_DOMAIN: Final = "users.cryb.example"

_USER_ID: Final = re.compile(r"0c7b0000-0000-4000-8000-([0-9a-f]{12})", re.ASCII)
_USERNAME: Final = re.compile(r"user_([0-9]{6,10})", re.ASCII)


@dataclass(frozen=True)
class Account:
    """One account of the pool. `number` counts from 1."""

    number: int
    user_id: str
    username: str
    email: str
    password: str
    display_name: str


def account(number: int) -> Account:
    """The account of that number. Raises ValueError below 1 and above ten digits."""
    if not 1 <= number < 10**10:
        raise ValueError(f"there is no account number {number}; they count from 1")
    username = f"user_{number:06d}"
    return Account(
        number=number,
        user_id=f"0c7b0000-0000-4000-8000-{number:012x}",
        username=username,
        email=f"{username}@{MAIL_DOMAIN}",
        password=f"Rehearsal-{number:06d}",
        display_name=f"User {number}",
    )


def number_of_user_id(user_id: str) -> int | None:
    """The account's number that a user id belongs to, or None for a user outside the pool."""
    match = _USER_ID.fullmatch(user_id)
    return int(match[1], 16) or None if match else None


def number_of_login(identifier: str) -> int | None:
    """The account's number behind a username or e-mail address, or None for a user outside the pool."""
    match = _USERNAME.fullmatch(identifier.lower().removesuffix(f"@{MAIL_DOMAIN}"))
    if match is None:
        return None
    number = int(match[1])
    return number if number and match[1] == f"{number:06d}" else None


def signing_key(*, seed: int, run_id: str) -> bytes:
    """The HS256 key of one run's reference API, the same in each of its processes.

    Derived from the manifest, so whoever can read the manifest can mint tokens: right for a stand-in, for nothing else.
    """
    return hashlib.sha256(f"crybsim reference api\n{seed}\n{run_id}".encode()).digest()
