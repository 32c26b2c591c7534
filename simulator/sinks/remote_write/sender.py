"""Takes what waits in a spool to the receiver, for as long as it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from simulator.clock import Clock
from simulator.sinks.delivery import Pause
from simulator.sinks.remote_write.courier import Courier, Fate
from simulator.sinks.remote_write.spool import Spool

_LOOK_AGAIN_SECONDS: Final = 0.2
GRACE_SECONDS: Final = 10.0
"""How long what still waits is sent when there is to be an end."""


class SpoolSender:
    """One courier, on a thread of its own. `failure` tells why it gave up (a broken spool), if it did."""

    def __init__(self, spool: Spool, courier: Callable[[Pause], Courier]) -> None:
        """`courier` makes one that waits as it is told."""
        self.failure: Exception | None = None
        self._spool = spool
        self._ending = threading.Event()
        self._at_once = threading.Event()
        self._courier = courier(self._at_once.wait)
        self._thread = threading.Thread(target=self._run, name="remote write", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> bool:
        """Send what waits for so long, then leave the rest where it is. Whether the thread has ended."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(grace_seconds)
            self._at_once.set()
            self._thread.join(2 * _LOOK_AGAIN_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with self._courier as courier:
                while not self._at_once.is_set():
                    if not self._spool.wait(_LOOK_AGAIN_SECONDS):
                        if self._ending.is_set():
                            return
                        continue
                    waiting = self._spool.first()
                    if waiting is None or courier.deliver(waiting.parcel) is Fate.STOPPED:
                        return
                    self._spool.done()
        except Exception as error:
            self.failure = error


def lag_seconds(spool: Spool, clock: Clock) -> float:
    """Age of the oldest sample that waits; 0 where none does."""
    oldest_ms = spool.oldest_ms
    return 0.0 if oldest_ms is None else max(clock.now_ms() - oldest_ms, 0) / 1000
