"""Rate limits of the contract's section 1.6: fixed windows by key, and what their headers say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from simulator.api.bounded import Bounded
from simulator.clock import rfc3339
from simulator.units import HOUR, MINUTE

MOST_KEYS: Final = 200_000
"""Keys that are remembered; the key that has been idle longest is forgotten first."""


class Reset(StrEnum):
    """How `X-RateLimit-Reset` is written; the platform's limiters disagree."""

    SECONDS_LEFT = "seconds left"
    EPOCH_SECONDS = "epoch seconds"
    INSTANT = "RFC 3339"


class KeyedBy(StrEnum):
    """Whose requests are counted together."""

    USER_OR_ADDRESS = "user id, else address"
    ADDRESS = "address"  # loopback clients are exempt
    ADDRESS_AND_IDENTIFIER = "address and identifier"  # counted by the handler, which knows the identifier


@dataclass(frozen=True)
class Limit:
    """`most` requests per `window_ms` and key, then nothing for `block_ms` (0: until the window ends, else no less).

    With `block_on_repeat` the first excess waits for the window's end, and only the next one is blocked.
    """

    name: str
    most: int
    window_ms: int
    block_ms: int = 0
    block_on_repeat: bool = False
    keyed_by: KeyedBy = KeyedBy.USER_OR_ADDRESS
    reset: Reset = Reset.INSTANT


DEFAULT: Final = Limit("default", 100, MINUTE, reset=Reset.SECONDS_LEFT)
AUTH: Final = Limit("auth", 20, 5 * MINUTE, 15 * MINUTE, keyed_by=KeyedBy.ADDRESS, reset=Reset.EPOCH_SECONDS)
LOGIN: Final = Limit(
    "login",
    5,
    15 * MINUTE,
    30 * MINUTE,
    block_on_repeat=True,
    keyed_by=KeyedBy.ADDRESS_AND_IDENTIFIER,
    reset=Reset.EPOCH_SECONDS,
)
REGISTER: Final = Limit(
    "register",
    3,
    HOUR,
    2 * HOUR,
    block_on_repeat=True,
    keyed_by=KeyedBy.ADDRESS_AND_IDENTIFIER,
    reset=Reset.EPOCH_SECONDS,
)
MESSAGING: Final = Limit("messaging", 100, MINUTE, MINUTE)
SEARCH: Final = Limit("search", 60, MINUTE, MINUTE)
UPLOAD: Final = Limit("upload", 50, HOUR, HOUR)


@dataclass(frozen=True)
class Standing:
    """Where one key stands after a request. `retry_after_ms` is set where the request was one too many."""

    limit: Limit
    remaining: int
    reset_ms: int  # wall instant at which the window or the block ends
    now_ms: int
    retry_after_ms: int | None = None

    @property
    def retry_after_seconds(self) -> int:
        """Whole seconds, rounded up: a client that waits them is let in."""
        return math.ceil((self.retry_after_ms or 0) / 1000)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """`X-RateLimit-*`, and `Retry-After` on an excess."""
        match self.limit.reset:
            case Reset.SECONDS_LEFT:
                reset = str(math.ceil((self.reset_ms - self.now_ms) / 1000))
            case Reset.EPOCH_SECONDS:
                reset = str(math.ceil(self.reset_ms / 1000))
            case Reset.INSTANT:
                reset = rfc3339(self.reset_ms)
        found = [
            (b"x-ratelimit-limit", str(self.limit.most).encode()),
            (b"x-ratelimit-remaining", str(self.remaining).encode()),
            (b"x-ratelimit-reset", reset.encode()),
        ]
        if self.retry_after_ms is not None:
            found.append((b"retry-after", str(self.retry_after_seconds).encode()))
        return found


@dataclass(slots=True)
class _Window:
    ends_ms: int
    used: int = 0
    blocked_until_ms: int = 0
    excesses: int = 0  # windows that ended in an excess, as far back as the key is remembered


class RateLimiter:
    """Counts requests by limit and key. Each process of the API counts for itself."""

    def __init__(self, *, enabled: bool = True, most_keys: int = MOST_KEYS) -> None:
        self.enabled = enabled
        self._windows: Bounded[tuple[str, str], _Window] = Bounded(most_keys)

    def __len__(self) -> int:
        return len(self._windows)

    def count(self, limit: Limit, key: str, now_ms: int) -> Standing:
        """Count one request and tell whether it is one too many."""
        window = self._windows.get((limit.name, key))
        if window is None:
            window = _Window(ends_ms=now_ms + limit.window_ms)
            self._windows.put((limit.name, key), window)
        if now_ms < window.blocked_until_ms:
            return Standing(limit, 0, window.blocked_until_ms, now_ms, window.blocked_until_ms - now_ms)
        if now_ms >= window.ends_ms:  # so is it after a block, which is no shorter than the window
            window.ends_ms, window.used, window.blocked_until_ms = now_ms + limit.window_ms, 0, 0
            self._windows.put((limit.name, key), window)  # in use: now the youngest
        window.used += 1
        if window.used <= limit.most:
            return Standing(limit, limit.most - window.used, window.ends_ms, now_ms)
        if window.used == limit.most + 1:
            window.excesses += 1
        blocks = limit.block_ms and (not limit.block_on_repeat or window.excesses > 1)
        if blocks:
            window.blocked_until_ms = now_ms + limit.block_ms
        ends = window.blocked_until_ms or window.ends_ms
        return Standing(limit, 0, ends, now_ms, ends - now_ms)
