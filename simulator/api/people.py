"""Who the API knows: the pool of computed accounts, and those who registered with this process.

A process that meets a valid token of a user who registered elsewhere believes the token's claims: the processes of a
run share nothing but their key.
"""

from __future__ import annotations

import hashlib
import hmac
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
