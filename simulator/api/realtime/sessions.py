"""Who is connected: a session for each socket, and those of each user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.api.people import Person
from simulator.api.tokens import Claims

Peer = tuple[str, int]


@dataclass(slots=True, eq=False)
class Session:
    """One connected socket. `id` is the socket's, `peer` the other end of its connection, as TCP has it."""

    id: str
    person: Person
    claims: Claims
    address: str
    device: str
    engine_id: str
    peer: Peer
    connected_ms: int


class Sessions:
    """All of one process."""

    def __init__(self) -> None:
        self._by_id: dict[str, Session] = {}
        self._by_user: dict[str, dict[str, Session]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._by_id.values()))

    def get(self, socket_id: str) -> Session | None:
        return self._by_id.get(socket_id)

    def of(self, user_id: str) -> list[Session]:
        """A user's sessions, oldest first."""
        return list(self._by_user.get(user_id, {}).values())

    def add(self, session: Session) -> None:
        self._by_id[session.id] = session
        self._by_user.setdefault(session.person.id, {})[session.id] = session

    def remove(self, socket_id: str) -> Session | None:
        """Forget a socket; None when it was not known."""
        session = self._by_id.pop(socket_id, None)
        if session is not None:
            mine = self._by_user[session.person.id]
            del mine[session.id]
            if not mine:
                del self._by_user[session.person.id]
        return session
