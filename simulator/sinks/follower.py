"""Hands records on as time goes by: each interval once, without a gap, from a start until a stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from simulator.clock import Clock
from simulator.telemetry.interval import Interval

EVERY_SECONDS: Final = 1.0


class Follower:
    """Calls `write` with what has gone by since the last call, on a thread of its own, and `close` at the end.

    A `write` that takes long (a receiver that is away) makes the next interval longer, and no record is lost.
    `failure` tells why it gave up (a full disk), if it did; `stopping` is set once there is to be an end.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[Interval], object],
        close: Callable[[], object],
        clock: Clock,
        *,
        every_seconds: float = EVERY_SECONDS,
        stopping: threading.Event | None = None,
        since_ms: int | None = None,
    ) -> None:
        """`since_ms`: records since then come first; None: those since `start`."""
        self.name = name
        self.failure: Exception | None = None
        self.stopping = stopping or threading.Event()
        self._write = write
        self._close = close
        self._clock = clock
        self._every_seconds = every_seconds
        self._since_ms = since_ms
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin with the records of this moment, or those since an earlier one."""
        self._written_ms = self._clock.now_ms() if self._since_ms is None else self._since_ms
        self._thread.start()

    def stop(self) -> None:
        """Hand on what there is up to this moment, then close. Nothing happens where it was never started."""
        self.stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self.stopping.wait(self._every_seconds):
                self._go_on()
            self._go_on()
        except Exception as error:
            self.failure = error
        finally:
            self._close()

    def _go_on(self) -> None:
        now_ms = max(self._written_ms, self._clock.now_ms())
        self._write(Interval(self._written_ms, now_ms))
        self._written_ms = now_ms
