"""What became of every sample, and how the receiver is: counted once, for people, for programs and for Prometheus."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from simulator.clock import Clock

_MOST_REASONS: Final = 20  # words of a server may hold numbers that never come twice
OTHER_REASON: Final = "other"


@dataclass(frozen=True)
class Counts:
    """Samples, staleness markers among them; `stale` are those markers. `dropped` says why, in the server's words."""

    generated: int = 0
    sent: int = 0
    stale: int = 0
    retried: int = 0
    requests: int = 0
    bytes: int = 0
    dropped: tuple[tuple[str, int], ...] = ()

    @property
    def dropped_samples(self) -> int:
        return sum(count for _, count in self.dropped)

    @property
    def waiting(self) -> int:
        """Neither sent nor dropped."""
        return self.generated - self.sent - self.dropped_samples


class Tally:
    """Counts, for several threads. `tell` gets a line whenever the receiver goes away, comes back or refuses anew."""

    def __init__(self, clock: Clock, tell: Callable[[str], None] = lambda _: None) -> None:
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._counts = Counts()
        self._dropped: Counter[str] = Counter()
        self._refused_in_a_row = 0
        self._away_since: float | None = None
        self._last_words = ""

    def say(self, line: str) -> None:
        """Tell whoever listens."""
        self._tell(line)

    def counts(self) -> Counts:
        """As of now."""
        with self._lock:
            return replace(self._counts, dropped=tuple(sorted(self._dropped.items())))

    @property
    def last_words(self) -> str:
        """What kept the latest request from being taken; empty where it was."""
        with self._lock:
            return self._last_words

    @property
    def refused_in_a_row(self) -> int:
        """Requests that were refused since the last one that was taken."""
        with self._lock:
            return self._refused_in_a_row

    def generated(self, samples: int) -> None:
        """Samples that are to be sent from now on."""
        with self._lock:
            self._counts = replace(self._counts, generated=self._counts.generated + samples)

    def sent(self, samples: int, stale: int, size: int) -> None:
        """A request was taken."""
        with self._lock:
            counts = self._counts
            self._counts = replace(
                counts,
                sent=counts.sent + samples,
                stale=counts.stale + stale,
                requests=counts.requests + 1,
                bytes=counts.bytes + size,
            )
            self._refused_in_a_row = 0
            self._last_words = ""

    def retried(self, samples: int, words: str) -> None:
        """A request failed in a way that may pass."""
        with self._lock:
            self._counts = replace(self._counts, retried=self._counts.retried + samples)
            self._last_words = words
            first = self._away_since is None
            if first:
                self._away_since = self._clock.monotonic()
        if first:
            self._tell(f"{words}; trying again")

    def answered(self) -> None:
        """The receiver took or refused something: it is there."""
        with self._lock:
            since, self._away_since = self._away_since, None
        if since is not None:
            self._tell(f"answers again, after {self._clock.monotonic() - since:.0f} s")

    def dropped(self, samples: int, words: str) -> None:
        """A request was refused for good."""
        with self._lock:
            reason = words if words in self._dropped or len(self._dropped) < _MOST_REASONS else OTHER_REASON
            first = reason not in self._dropped
            self._dropped[reason] += samples
            self._refused_in_a_row += 1
            self._last_words = words
        if first:
            self._tell(words)
