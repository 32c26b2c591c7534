"""What a handler works with: the parts of one API process, and the few steps that many handlers share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import orjson

from simulator.api.access_log import AccessLog
from simulator.api.bounded import Bounded
from simulator.api.database import Database
from simulator.api.deliveries import Deliveries
from simulator.api.entities import Notification
from simulator.api.exchange import Exchange, Failure
from simulator.api.faults import Faults
from simulator.api.limits import KeyedBy, Limit, RateLimiter
from simulator.api.metrics import ApiMetrics
from simulator.api.people import People, Person
from simulator.api.reports import Reports
from simulator.api.sockets.fanout import Fanout
from simulator.api.store import Store
from simulator.api.tokens import Tokens, bearer
from simulator.api.voice.service import Voice
from simulator.clock import Clock
from simulator.transport import is_loopback

LISTS_MS: Final = 60_000
"""How long the platform caches its post lists."""
MOST_LISTS: Final = 500


@dataclass
class Platform:
    """One process of the reference API."""

    instance: str
    clock: Clock
    metrics: ApiMetrics
    faults: Faults
    database: Database
    people: People
    tokens: Tokens
    limiter: RateLimiter
    store: Store
    voice: Voice
    fanout: Fanout
    deliveries: Deliveries
    log: AccessLog | None = None
    reports: Reports | None = None
    _lists: Bounded[tuple[str, ...], tuple[int, bytes]] = field(default_factory=lambda: Bounded(MOST_LISTS))

    async def identify(self, exchange: Exchange) -> None:
        """Put the token's bearer into the exchange. Raises TokenRefused."""
        token = bearer(exchange.headers.get(b"authorization"))
        known = self.tokens.knows(token)
        claims = self.tokens.verify(token)
        self.metrics.cache(hit=known)
        if not known:
            await self.database.query("select", "sessions")
        exchange.claims = claims
        exchange.person = self.people.from_claims(claims.user_id, claims.email)

    def limit(self, exchange: Exchange, limit: Limit, identifier: str = "") -> None:
        """Count this request; the headers go into the reply. Raises Failure 429."""
        if not self.limiter.enabled:
            return
        if limit.keyed_by is KeyedBy.USER_OR_ADDRESS:
            key = exchange.person.id if exchange.person else exchange.address
        elif exchange.forwarded_for is None and is_loopback(exchange.peer[0]):
            return
        else:
            key = f"{exchange.address} {identifier.lower()}"
        standing = self.limiter.count(limit, key, self.clock.now_ms())
        if standing.retry_after_ms is None:
            exchange.reply_headers[:] = standing.headers()
            return
        exchange.reply_headers.clear()
        details: dict[str, object] = {"retryAfter": standing.retry_after_seconds}
        if limit.keyed_by is not KeyedBy.USER_OR_ADDRESS:
            details.update(endpoint=exchange.pattern, blocked=True)
        raise Failure(429, "RATE_LIMIT_EXCEEDED", "Too many requests", details=details, headers=standing.headers())

    def cached_list(self, key: tuple[str, ...]) -> orjson.Fragment | None:
        """A list that was made less than a minute ago."""
        entry = self._lists.get(key)
        fresh = entry is not None and self.clock.now_ms() < entry[0]
        self.metrics.cache(hit=fresh)
        return orjson.Fragment(entry[1]) if entry is not None and fresh else None

    def cache_list(self, key: tuple[str, ...], value: object) -> orjson.Fragment:
        """Keep a list for a minute."""
        encoded = orjson.dumps(value)
        self._lists.put(key, (self.clock.now_ms() + LISTS_MS, encoded))
        return orjson.Fragment(encoded)

    def notify(self, person: Person, kind: str, title: str, message: str) -> None:
        """Put an entry into somebody's inbox."""
        self.store.inbox(person).append(Notification(self.store.new_id(), kind, title, message, self.store.now()))
        self.metrics.notified(kind)
