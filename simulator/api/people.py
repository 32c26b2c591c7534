"""Who the API knows: the pool of computed accounts, and those who registered with this process.

A process that meets a valid token of a user who registered elsewhere believes the token's claims: the processes of a
run share nothing but their key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simulator.api.bounded import Bounded
from simulator.catalog.accounts import Account, account, number_of_login, number_of_user_id
from simulator.clock import rfc3339

MOST_REGISTERED: Final = 50_000
MOST_REMEMBERED: Final = 50_000
LOCK_AFTER: Final = 10
"""Failed logins in a row that lock an account (the contract names the 423, not the number)."""
LOCK_MS: Final = 15 * 60_000
CODE_MS: Final = 5 * 60_000
"""How long a login waits for its second factor."""
MOST_WAITING: Final = 10_000
SECOND_FACTOR: Final = "_2fa"
"""Who registers under a name that ends so has a second factor; the contract has no route to set one up."""


@dataclass(slots=True)
class Person:
    """One user. `number` is the account's in the pool, 0 for everybody else."""

    id: str
    username: str
    display_name: str
    email: str | None
    created_at: str
    number: int = 0
    is_verified: bool = True
    bio: str | None = None
    avatar: str | None = None
    digest: bytes = b""
    failed_logins: int = 0
    locked_until_ms: int = 0
    second_factor: bool = False

    @property
    def folded(self) -> str:
        """What a search compares."""
        return self.username.lower()

    def view(self) -> dict[str, object]:
        """The `user` of the auth and users areas."""
        return {
            "id": self.id,
            "username": self.username,
            "displayName": self.display_name,
            "email": self.email,
            "walletAddress": None,
            "avatar": self.avatar,
            "bio": self.bio,
            "isVerified": self.is_verified,
            "createdAt": self.created_at,
        }

    def brief(self) -> dict[str, object]:
        """The author as other objects carry it."""
        return {"id": self.id, "username": self.username, "displayName": self.display_name, "avatar": self.avatar}


class People:
    """Finds, registers and checks users. `pool` is how many computed accounts exist."""

    def __init__(self, *, pool: int, key: bytes, started_ms: int) -> None:
        self.pool = pool
        self._key = key
        self._born = rfc3339(started_ms)
        self._remembered: Bounded[str, Person] = Bounded(MOST_REMEMBERED)  # of the pool, and from other processes
        self._registered: Bounded[str, Person] = Bounded(MOST_REGISTERED, on_evict=self._forget)
        self._by_login: dict[str, Person] = {}  # username and e-mail of the registered
        self._waiting: Bounded[str, tuple[Person, int]] = Bounded(MOST_WAITING)  # for a code, until (ms)

    def __len__(self) -> int:
        return self.pool + len(self._registered)

    @property
    def held(self) -> int:
        """How many are in memory."""
        return len(self._remembered) + len(self._registered)

    def by_id(self, user_id: str) -> Person | None:
        """A user of the pool, or one who was seen in this process."""
        found = self._registered.get(user_id) or self._remembered.get(user_id)
        if found is None:
            number = number_of_user_id(user_id)
            if number is not None and number <= self.pool:
                found = self._from_pool(account(number))
        return found

    def by_number(self, number: int) -> Person:
        """A user of the pool."""
        who = account(number)
        return self._remembered.get(who.user_id) or self._from_pool(who)

    def by_login(self, identifier: str) -> Person | None:
        """By username or e-mail address, whatever the case."""
        found = self._by_login.get(identifier.lower())
        if found is None:
            number = number_of_login(identifier)
            if number is not None and number <= self.pool:
                found = self.by_number(number)
        return found

    def from_claims(self, user_id: str, email: str | None) -> Person:
        """The user of a valid token, made up from the token where this process does not know it."""
        found = self.by_id(user_id)
        if found is None:
            name = email.partition("@")[0] if email else f"user_{user_id[:8]}"
            found = Person(user_id, name, name, email, self._born)
            self._remembered.put(user_id, found)
        return found

    def register(self, username: str, display_name: str | None, email: str | None, password: str, at: str) -> Person:
        """A new user. The caller has checked that name and address are free."""
        person = Person(
            id=str(
                uuid.UUID(bytes=hashlib.sha256(f"{self._born} {username.lower()}".encode()).digest()[:16], version=4)
            ),
            username=username,
            display_name=display_name or username,
            email=email,
            created_at=at,
            is_verified=False,
            digest=self._digest(password),
            second_factor=username.lower().endswith(SECOND_FACTOR),
        )
        self._registered.put(person.id, person)
        for login in (username, email):
            if login:
                self._by_login[login.lower()] = person
        return person

    def check_password(self, person: Person, password: str) -> bool:
        """Whether the password is right."""
        expected = self._digest(account(person.number).password) if person.number else person.digest
        return hmac.compare_digest(expected, self._digest(password))

    def set_password(self, person: Person, password: str) -> None:
        """A new password for somebody who registered; the pool's are computed, and stay."""
        person.digest = self._digest(password)

    def wait_for_code(self, person: Person, now_ms: int) -> tuple[str, int]:
        """A token for the second step of a login, and when it ends (ms)."""
        token, ends_ms = secrets.token_hex(16), now_ms + CODE_MS
        self._waiting.put(token, (person, ends_ms))
        return token, ends_ms

    def awaited(self, token: str, now_ms: int) -> Person | None:
        """Whose code a token waits for; None once it is over."""
        waiting = self._waiting.get(token)
        return waiting[0] if waiting is not None and now_ms < waiting[1] else None

    def code_came(self, token: str) -> None:
        """The second step is done."""
        self._waiting.pop(token)

    def code_of(self, person: Person) -> str:
        """The six digits that an authenticator would show; always the same ones."""
        return f"{int.from_bytes(self._digest(f'code {person.id}')[:4]) % 1_000_000:06d}"

    def reset_token_of(self, person: Person) -> str:
        """What a mail about a forgotten password would hold."""
        return f"{person.id}.{self._digest(f'reset {person.id}').hex()}"

    def by_reset_token(self, token: str) -> Person | None:
        """Whose token it is; None for a wrong one, and for accounts of the pool."""
        person = self._registered.get(token.partition(".")[0])
        return person if person is not None and hmac.compare_digest(self.reset_token_of(person), token) else None

    def candidates(self, text: str) -> Iterator[Person]:
        """Whom a search may find: who is called exactly so, then those who registered here, newest first."""
        exact = self.by_login(text)
        if exact is not None and exact.number:
            yield exact
        yield from self._registered.newest()

    def _from_pool(self, who: Account) -> Person:
        person = Person(who.user_id, who.username, who.display_name, who.email, self._born, number=who.number)
        self._remembered.put(person.id, person)
        return person

    def _forget(self, person: Person) -> None:
        for login in (person.username, person.email):
            if login:
                self._by_login.pop(login.lower(), None)

    def _digest(self, password: str) -> bytes:
        # A fast keyed digest, not a password hash: a stand-in's passwords protect nothing, and a slow hash would make
        # the load test one of bcrypt.
        return hashlib.blake2b(password.encode(), key=self._key).digest()
