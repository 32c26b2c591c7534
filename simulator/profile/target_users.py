"""The users of a target: one for each virtual user, shared out among the processes so that no two are one person."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import jwt

from simulator.catalog.accounts import ALGORITHM, Account, account
from simulator.errors import InputError
from simulator.profile.target import SecretForm, Target, UserSource, secret

COLUMNS: Final = ("username", "password", "id", "email")


class TargetUsers:
    """Users by their number, from 1 on. `accounts` is how many the reference API computes."""

    def __init__(self, target: Target, *, accounts: int) -> None:
        """Raises InputError for a file that is not there or not right, and for a secret that is not set."""
        self.minted = target.users.source is UserSource.MINTED
        self._settings = target.users
        self._key = _signing_key(target) if self.minted else b""
        self._listed: Sequence[Account] | None = None
        self._accounts = accounts
        if target.users.source is not UserSource.ACCOUNTS:
            assert target.users_file is not None, "load_target asks for it"
            wanted = ("id",) if self.minted else ("username", "password")
            self._listed = read_users(target.users_file, wanted)

    def __len__(self) -> int:
        return self._accounts if self._listed is None else len(self._listed)

    def user(self, number: int) -> Account:
        """The user of that number."""
        return account(number) if self._listed is None else self._listed[number - 1]

    def token(self, who: Account, now_s: int) -> str:
        """An access token, signed here, valid from now on (epoch seconds)."""
        settings = self._settings
        values = {"id": who.user_id, "email": who.email, "username": who.username}
        claims: dict[str, object] = {name: text.format(**values) for name, text in settings.claims.items()}
        claims = {name: value for name, value in claims.items() if value}
        claims |= {
            "iss": settings.issuer,
            "aud": settings.audience,
            "jti": f"load-{who.number}-{now_s}",
            "iat": now_s,
            "exp": now_s + settings.lifetime_seconds,
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)


def slots_for(*, workers: int, most: int, users: int) -> int:
    """Into how many parts users are dealt, one for each process: as many again as the run begins with, for those that
    come later, where each part then still has as many users as may be there at a time (`most`), whoever is lost."""
    return 2 * workers if users >= 2 * workers * most else workers


def part_of(*, worker: int, workers: int, users: int) -> int:
    """How many users a process has of its own."""
    return max(1, -(-(users - worker % workers) // workers))


def number_for(nth: int, *, worker: int, workers: int, users: int) -> int:
    """The number (from 1) of a process's nth user (from 0), of that many in all.

    Each process has every `workers`-th, and begins again with its own ones when they are all taken, so processes never
    share a user. With more processes than users, which is refused before a run, they would.
    """
    mine = part_of(worker=worker, workers=workers, users=users)
    return 1 + (nth % mine * workers + worker % workers) % users


def address_of(number: int) -> str:
    """The address that a user shows in X-Forwarded-For, so that each is another client to the API's limits.

    198.18.0.0/15 is for benchmarks (RFC 2544); more users than it has addresses go on beyond it.
    """
    return str(ipaddress.IPv4Address((int(ipaddress.IPv4Address("198.18.0.0")) + number) % 2**32))


def read_users(path: Path, wanted: Sequence[str]) -> tuple[Account, ...]:
    """The users of a CSV file with a header line. Raises InputError; its messages show no password."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'is not UTF-8'}") from error
    rows = csv.DictReader(io.StringIO(text, newline=""))
    columns = rows.fieldnames or ()
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise InputError(f"{path}:1: has no column {', '.join(missing)}; columns are {', '.join(COLUMNS)}")
    found: list[Account] = []
    problems: list[str] = []
    for row in rows:
        values = {name: (row.get(name) or "").strip() for name in COLUMNS}
        empty = [name for name in wanted if not values[name]]
        if empty:
            problems.append(f"{path}:{rows.line_num}: {', '.join(empty)} is empty")
            continue
        name = values["username"] or values["email"] or values["id"]
        found.append(Account(len(found) + 1, values["id"], name, values["email"], values["password"], name))
    if len({one.user_id or one.username for one in found}) < len(found):
        problems.append(f"{path}: names a user twice; each virtual user has to be another person")
    if not found and not problems:
        problems.append(f"{path}: has no users")
    if problems:
        raise InputError(*problems)
    return tuple(found)


def _signing_key(target: Target) -> bytes:
    assert target.users.secret is not None, "load_target asks for it"
    value, form = secret(target.users.secret, "users.secret"), target.users.secret_form
    try:
        match form:
            case SecretForm.TEXT:
                return value.encode()
            case SecretForm.HEX:
                return bytes.fromhex(value)
            case SecretForm.BASE64:
                return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        message = f"target file: users.secret_form: what {target.users.secret} holds is not {form}"
        raise InputError(message) from None
