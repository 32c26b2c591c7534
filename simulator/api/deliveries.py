"""The way of a message from being kept to being handed to sockets, with what faults do to it there.

`message_failures` loses a share of them. `message_latency` lets the workers fall behind: of the messages that arrive,
they get to the share that the fault leaves, oldest first, so that the rest wait longer and longer. When it is over they
work the backlog off, `CATCH_UP` times as fast as messages came, as the model's workers have room for
(`simulator.model.signals.queues`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from simulator.api.faults import Faults
from simulator.api.metrics import ApiMetrics
from simulator.clock import Clock

CATCH_UP: Final = 2.2
"""What the workers can do, over what came: `simulator.model.signals.queues.MARGIN`, for a platform at its peak."""
AT_LEAST_PER_SECOND: Final = 5.0
"""And no less than that, when hardly anything comes."""
MOST_WAITING: Final = 50_000
"""Messages that may wait, as many as the API keeps; beyond it the oldest is lost."""

Send = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Waiting:
    channel_type: str
    started: float
    send: Send


class Deliveries:
    """Delivers messages, late or never where a fault wants it. Every message that is accepted is counted here."""

    def __init__(self, faults: Faults, metrics: ApiMetrics, clock: Clock) -> None:
        self._faults = faults
        self._metrics = metrics
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._credit = 1.0  # messages that the workers may still take
        self._rate = AT_LEAST_PER_SECOND  # of arrivals, smoothed over some seconds
        self._arrived = 0
        self._looked = clock.monotonic()

    def __len__(self) -> int:
        """Messages that wait."""
        return len(self._waiting)

    async def deliver(self, channel_type: str, started: float, send: Send) -> None:
        """A message was accepted that came at `started` (the clock's seconds); `send` hands it to whom it is for."""
        self._metrics.message_accepted(channel_type)
        self._arrived += 1
        if self._faults.loses_message():
            self._metrics.message_lost(channel_type)
            return
        neglected = self._faults.neglected()
        if not neglected and not self._waiting:
            await self._send(_Waiting(channel_type, started, send))
            return
        if len(self._waiting) >= MOST_WAITING:
            self._metrics.message_lost(self._waiting.popleft().channel_type, "timeout")
        self._waiting.append(_Waiting(channel_type, started, send))
        if neglected:
            self._credit += 1.0 - neglected
            await self._work()

    async def tick(self) -> None:
        """Let the workers catch up, where no fault keeps them."""
        now = self._clock.monotonic()
        seconds, self._looked = now - self._looked, now
        if seconds > 0:
            weight = min(1.0, seconds / 10.0)
            self._rate += weight * (self._arrived / seconds - self._rate)
            self._arrived = 0
        if self._faults.neglected():
            return
        if self._waiting:
            self._credit += seconds * max(AT_LEAST_PER_SECOND, CATCH_UP * self._rate)
            await self._work()
        if not self._waiting:
            self._credit = 1.0

    def drop(self) -> None:
        """The process ends: what waits is lost."""
        while self._waiting:
            self._metrics.message_lost(self._waiting.popleft().channel_type)

    async def _work(self) -> None:
        while self._waiting and self._credit >= 1.0:
            self._credit -= 1.0
            await self._send(self._waiting.popleft())

    async def _send(self, message: _Waiting) -> None:
        await message.send()
        self._metrics.message_delivered(message.channel_type, self._clock.monotonic() - message.started)
