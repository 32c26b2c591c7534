"""Bringing requests to a receiver that may be busy, gone, or unwilling; what every sink that pushes has in common.

What is worth another attempt: 429, 5xx, and no answer at all. Anything else that is no success will not get better by
itself. Pauses double from half a second to half a minute, unless the receiver names one in `Retry-After`
(https://www.rfc-editor.org/rfc/rfc9110#name-retry-after).
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from simulator.clock import Clock

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
PATIENCE_SECONDS: Final = 300.0
"""How long a sink that has to come to an end keeps trying without any success."""

Pause = Callable[[float], bool]
"""Waits that many seconds; true as soon as somebody wants an end (`threading.Event.wait` is one)."""

Attempt = Callable[[], httpx.Response]
"""Sends one request. Raises httpx.TransportError where no answer came."""


class RefusedError(Exception):
    """The receiver answered, and would answer so again."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = " ".join(text.split())
        super().__init__(f"{status} {self.text}".rstrip())


class GaveUpError(Exception):
    """Nothing got through for longer than there is patience; the message is the last thing that was heard."""


class StoppedError(GaveUpError):
    """Somebody wanted an end while the receiver was not taking anything."""


class Delivery:
    """Sends one request after the other, each until it is taken.

    `retried` counts further attempts, `waited_seconds` the pauses before them; `problem` is what is wrong right now,
    empty while all is well.
    """

    def __init__(self, clock: Clock, pause: Pause, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.retried = 0
        self.waited_seconds = 0.0
        self.problem = ""
        self._clock = clock
        self._pause = pause
        self._patience_seconds = patience_seconds

    def deliver(self, attempt: Attempt) -> httpx.Response:
        """The answer of the attempt that was taken. Raises RefusedError, GaveUpError, StoppedError."""
        began = self._clock.monotonic()
        pause = FIRST_PAUSE_SECONDS
        while True:
            wished = None
            try:
                response = attempt()
            except httpx.TransportError as error:
                self.problem = f"{type(error).__name__}: {error}".rstrip(": ")
            else:
                if response.is_success:
                    self.problem = ""
                    return response
                refused = RefusedError(response.status_code, response.text)
                if not is_worth_another(response.status_code):
                    raise refused
                self.problem = str(refused)
                wished = retry_after_seconds(response.headers.get("retry-after", ""), self._clock.now_ms())
            seconds = pause if wished is None else wished
            if self._clock.monotonic() + seconds - began > self._patience_seconds:
                raise GaveUpError(self.problem)
            if self._pause(seconds):
                raise StoppedError(self.problem)
            self.retried += 1
            self.waited_seconds += seconds
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def is_worth_another(status: int) -> bool:
    """Whether the same request may be taken later."""
    return status == 429 or status >= 500


def retry_after_seconds(header: str, now_ms: int) -> float | None:
    """The pause that a `Retry-After` asks for: seconds, or a date. None where it says nothing that can be read."""
    try:
        return max(float(header), 0.0) if header.strip()[:1].isdigit() else _until(header, now_ms)
    except (ValueError, OverflowError):
        return None


def _until(date: str, now_ms: int) -> float | None:
    return max(parsedate_to_datetime(date).timestamp() - now_ms / 1000, 0.0) if date.strip() else None
