"""Sends reports as the platform's own clients would: an envelope each, gzipped, and not what the server does not want.

What a rate limit forbids is dropped and counted, as an SDK drops it. What does not arrive because nobody answers is
tried again, which an SDK would not do: a report has an id, so a server knows one that it has.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

import cramjam
import httpx

from simulator.clock import Clock
from simulator.errors import UndeliveredError
from simulator.sinks.delivery import PATIENCE_SECONDS, Delivery, GaveUpError, Pause, RefusedError, StoppedError
from simulator.sinks.remote_write.pace import Pace
from simulator.sinks.sentry.dsn import Dsn
from simulator.sinks.sentry.limits import ERROR, TRANSACTION, RateLimits
from simulator.telemetry.errors import ErrorEvent, Transaction
from simulator.wire.sentry import encode_event, encode_transaction

Report = ErrorEvent | Transaction

THREADS: Final = 4
_AT_ONCE: Final = 256
_MOST_WORDS: Final = 200
_GZIP_LEVEL: Final = 1
_UNWANTED: Final = 429
_HELD_ALREADY: Final = "already exists"
"""What Bugsink says to an event whose answer was lost."""
_HINTS: Final = {
    401: "the key of the DSN is wrong",
    403: "the key or the project of the DSN is wrong, or the project takes nothing",
    404: "no project takes envelopes there",
    413: "the event is larger than the server takes",
}


@dataclass(frozen=True)
class Totals:
    """Reports of one run, by category (error, transaction), and what became of them."""

    sent: dict[str, int]
    limited: dict[str, int]  # not wanted by the server
    refused: dict[str, int]
    by_level: dict[str, int]  # events that were sent
    retried: int
    wire_bytes: int

    def drawn(self, category: str) -> int:
        """What the model had reported; each is in exactly one of the counts."""
        return sum(counts.get(category, 0) for counts in (self.sent, self.limited, self.refused))


class _LimitedError(Exception):
    """The server does not want this category for now."""


class SentryPush:
    """Takes reports to one project, several at once. `write` may be called again and again."""

    def __init__(
        self,
        dsn: Dsn,
        clock: Clock,
        pause: Pause,
        *,
        per_second: float | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`per_second`: envelopes a second at most. `tell` gets a line for each new kind of trouble."""
        self._name = f"Sentry at {dsn.url}"
        self._path = dsn.path
        self._client = dsn.client()
        self._clock = clock
        self._pause = pause
        self._pace = Pace(per_second, clock)
        self._patience_seconds = patience_seconds
        self._tell = tell
        self._limits = RateLimits(clock)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sentry")
        self._lock = threading.Lock()
        self._sent: Counter[str] = Counter()
        self._limited: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._levels: Counter[str] = Counter()
        self._retried = 0
        self._wire_bytes = 0
        self._told: set[str] = set()

    def close(self) -> None:
        """Let go of the connections, once what is on its way has met its fate."""
        self._threads.shutdown(wait=True)
        self._client.close()

    def write(self, reports: Iterable[Report]) -> None:
        """Send them, and wait for the last. Raises UndeliveredError where nobody answers for too long, StoppedError
        when there is to be an end."""
        rest: Iterator[Report] = iter(reports)
        while some := list(islice(rest, _AT_ONCE)):
            for _ in self._threads.map(self._send, some):
                pass

    def totals(self) -> Totals:
        """What became of the reports so far."""
        with self._lock:
            return Totals(
                sent=dict(self._sent),
                limited=dict(self._limited),
                refused=dict(self._refused),
                by_level=dict(sorted(self._levels.items())),
                retried=self._retried,
                wire_bytes=self._wire_bytes,
            )

    def _send(self, report: Report) -> None:
        category = ERROR if isinstance(report, ErrorEvent) else TRANSACTION
        if self._limits.seconds(category) > 0:
            self._drop(category)
            return
        seconds = self._pace.reserve(1)
        if seconds > 0 and self._pause(seconds):
            raise StoppedError("an end was wanted")
        body = self._encode(report)
        delivery = Delivery(self._clock, self._pause, patience_seconds=self._patience_seconds)
        try:
            delivery.deliver(lambda: self._post(body, category))
        except _LimitedError:
            self._drop(category)
        except RefusedError as error:
            if delivery.retried and _HELD_ALREADY in error.text.casefold():
                self._taken(report, category, len(body))
                return
            with self._lock:
                self._refused[category] += 1
            hint = _HINTS.get(error.status, "")
            words = str(error)[:_MOST_WORDS]
            self._tell_once(f"refused {error.status}", f"refused an event: {words}{f'; {hint}' if hint else ''}")
        except StoppedError:
            raise
        except GaveUpError as error:
            raise UndeliveredError(f"{self._name} took nothing for too long: {str(error)[:_MOST_WORDS]}") from error
        else:
            self._taken(report, category, len(body))
        finally:
            with self._lock:
                self._retried += delivery.retried

    def _taken(self, report: Report, category: str, wire_bytes: int) -> None:
        with self._lock:
            self._sent[category] += 1
            self._wire_bytes += wire_bytes
            if isinstance(report, ErrorEvent):
                self._levels[report.level] += 1

    def _encode(self, report: Report) -> bytes:
        now_ms = self._clock.now_ms()
        if isinstance(report, ErrorEvent):
            envelope = encode_event(report, sent_at_ms=now_ms)
        else:
            envelope = encode_transaction(report, sent_at_ms=now_ms)
        return bytes(cramjam.gzip.compress(envelope, level=_GZIP_LEVEL))

    def _post(self, body: bytes, category: str) -> httpx.Response:
        try:
            response = self._client.post(self._path, content=body)
        except httpx.TransportError as error:
            self._tell_once("away", f"does not answer ({type(error).__name__}); trying again")
            raise
        self._limits.read(response.status_code, response.headers)
        if response.status_code == _UNWANTED:
            raise _LimitedError
        if response.status_code >= 500:
            self._tell_once(f"busy {response.status_code}", f"answers {response.status_code}; trying again")
        return response

    def _drop(self, category: str) -> None:
        with self._lock:
            self._limited[category] += 1
        self._tell_once(f"limit {category}", f"does not want any {category} for now; they are dropped and counted")

    def _tell_once(self, kind: str, line: str) -> None:
        with self._lock:
            known = kind in self._told
            self._told.add(kind)
        if not known:
            self._tell(f"{self._name} {line}")
