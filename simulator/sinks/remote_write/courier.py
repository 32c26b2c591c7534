"""One sender: takes one request after the other to the receiver, and knows of each what became of it.

What may pass (no connection, no answer, 429, 5xx) is tried again after a growing pause with jitter, or after what
Retry-After asks for; everything else is refused once and for all. Nothing is sent before what came earlier has met its
fate, so samples of a series that always go through the same courier arrive in order.

A request whose answer was lost may have been taken. Sent again, a Prometheus refuses it as "out of order", all of it:
it takes a request whole or not at all. So that refusal is checked by sending only the newest sample of each series,
which a server that has them takes for what they are: the same again.
"""

from __future__ import annotations

import math
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Final, Self

import httpx

from simulator.clock import Clock
from simulator.sinks.delivery import Pause, retry_after_seconds
from simulator.sinks.remote_write.advice import advice, may_be_there_already, never_taken
from simulator.sinks.remote_write.endpoint import Endpoint
from simulator.sinks.remote_write.pace import Pace
from simulator.sinks.remote_write.tally import Tally

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 10.0
_MOST_WORDS: Final = 300


class Fate(Enum):
    """What became of a request."""

    TAKEN = "taken"
    REFUSED = "refused"  # for good; its samples are counted as dropped
    GIVEN_UP = "given up"  # the receiver was away for longer than one is ready to wait
    STOPPED = "stopped"  # told to; it may have been taken


@dataclass(frozen=True)
class Parcel:
    """A request. `newest` makes one of only the newest sample of each series; None where there are no others."""

    body: bytes
    samples: int
    stale: int = 0
    newest: Callable[[], bytes] | None = None


@dataclass(frozen=True)
class _Answer:
    """Status 0: there was none. `told` is the server's `words`, with what would help."""

    status: int
    words: str
    told: str
    retry_after: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        return self.status >= 300 and never_taken(self.status, self.words)


class Courier:
    """A sender with a connection of its own. A context manager."""

    def __init__(
        self,
        endpoint: Endpoint,
        tally: Tally,
        clock: Clock,
        pause: Pause,
        *,
        pace: Pace | None = None,
        patience_seconds: float = math.inf,
        chance: random.Random | None = None,
    ) -> None:
        """`patience_seconds`: how long a receiver may be away before a request is given up."""
        self._client = endpoint.client()
        self._path = endpoint.path
        self._tally = tally
        self._clock = clock
        self._pause = pause
        self._pace = pace or Pace(None, clock)
        self._patience_seconds = patience_seconds
        self._chance = chance or random.Random()  # noqa: S311  # jitter

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def deliver(self, parcel: Parcel, *, unsure: bool = False) -> Fate:
        """Send it until its fate is known. `unsure`: an earlier try, by whomever, may have been taken."""
        if self._pause(self._pace.reserve(parcel.samples)):
            return Fate.STOPPED
        began = self._clock.monotonic()
        body = parcel.body
        asking = False  # whether the newest samples alone are being sent, to learn if all are there
        tries = 0
        while True:
            answer = self._post(body)
            if answer.taken:
                self._tally.answered()
                self._tally.sent(parcel.samples, parcel.stale, len(parcel.body))
                return Fate.TAKEN
            if answer.refused:
                self._tally.answered()
                if unsure and not asking and parcel.newest and may_be_there_already(answer.words):
                    body, asking = parcel.newest(), True
                    continue
                self._tally.dropped(parcel.samples, answer.told)
                return Fate.REFUSED
            unsure = True
            wait = self._wait(tries, answer.retry_after)
            tries += 1
            self._tally.retried(parcel.samples, answer.told)
            if self._clock.monotonic() + wait - began > self._patience_seconds:
                return Fate.GIVEN_UP
            if self._pause(wait):
                return Fate.STOPPED

    def _post(self, body: bytes) -> _Answer:
        try:
            response = self._client.post(self._path, content=body)
        except (httpx.TransportError, ssl.SSLError, OSError) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            return _Answer(0, words, words)
        status = response.status_code
        if response.is_success:
            return _Answer(status, "", "")
        words = " ".join(response.text.split())[:_MOST_WORDS]
        told = f"{status} {response.reason_phrase}".rstrip() + (f": {words}" if words else "")
        hint = advice(status, words)
        return _Answer(status, words, f"{told}; {hint}" if hint else told, response.headers.get("retry-after", ""))

    def _wait(self, tries: int, retry_after: str) -> float:
        """Seconds until the next try: at least what was asked for, else twice as long each time, less up to half."""
        asked = retry_after_seconds(retry_after, self._clock.now_ms())
        if asked is not None:
            return asked * self._chance.uniform(1.0, 1.1)
        return min(FIRST_PAUSE_SECONDS * 2.0 ** min(tries, 30), LONGEST_PAUSE_SECONDS) * self._chance.uniform(0.5, 1.0)
