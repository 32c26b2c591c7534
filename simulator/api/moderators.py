"""Who may moderate what, and who is shut out of where."""

from __future__ import annotations

from simulator.api.entities import Community, Server
from simulator.api.exchange import Failure, Form
from simulator.api.people import Person
from simulator.api.platform import Platform


def moderates(platform: Platform, group: Server | Community, person: Person) -> bool:
    """Whoever founded a group moderates it; a seeded one is moderated by account n where n modulo 30 is its place."""
    if person.id == (group.owner_id if isinstance(group, Server) else group.founder_id):
        return True
    seeded = platform.store.community_members.seeded
    return group.index >= 0 and person.number > 0 and person.number % seeded == group.index


def require_moderator(platform: Platform, group: Server | Community, person: Person) -> None:
    """Raises Failure 403."""
    if not moderates(platform, group, person):
        raise Failure(403, "FORBIDDEN", "You are not a moderator here", form=Form.SHORT)


def require_not(platform: Platform, person: Person, group: Server | Community, *kinds: str) -> None:
    """Raises Failure 403 for a person who is under one of these punishments (`ban`, `mute`) in a group."""
    for kind in kinds:
        found = platform.store.dealings.sanctions.get((kind, group.id, person.id))
        if found is not None and (found.until is None or found.until > platform.store.now()):
            raise Failure(403, "FORBIDDEN", f"You are under a {kind} here", form=Form.SHORT)
