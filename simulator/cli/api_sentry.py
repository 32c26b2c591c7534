"""The part of `crybsim api` that reports to Sentry what its requests came to."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import Final

from simulator.catalog.sentry import PRODUCTION
from simulator.cli.emit_sentry import ENVIRONMENT, told
from simulator.clock import Clock
from simulator.errors import UndeliveredError
from simulator.profile.presence import release_name
from simulator.sinks.delivery import StoppedError
from simulator.sinks.sentry.dsn import Dsn
from simulator.sinks.sentry.push import Report, SentryPush
from simulator.telemetry.errors import Origin

MOST_WAITING: Final = 10_000
"""Reports that wait to be sent; what comes beyond that is dropped and counted, as an SDK drops it."""

_AT_ONCE: Final = 256
_PATIENCE_SECONDS: Final = 10.0
_FAREWELL_SECONDS: Final = 5.0


def origin(instance: str) -> Origin:
    """What the API's reports say of where they come from."""
    environment = os.environ.get(ENVIRONMENT) or PRODUCTION
    return Origin(f"cryb-api@{release_name(0)}", environment, instance)


class SentryOutbox:
    """Implements `simulator.api.reports.Outbox`: one thread sends, so that no request waits for Sentry."""

    def __init__(self, dsn: Dsn, clock: Clock, say: Callable[[str], None]) -> None:
        self._url = dsn.url
        self._say = say
        self._stopping = threading.Event()
        self._waiting: queue.Queue[Report | None] = queue.Queue(MOST_WAITING)
        self._dropped = 0
        self._sink = SentryPush(dsn, clock, self._stopping.wait, patience_seconds=_PATIENCE_SECONDS, tell=say)
        self._thread = threading.Thread(target=self._send, name="sentry", daemon=True)
        self._thread.start()

    def put(self, report: Report) -> None:
        try:
            self._waiting.put_nowait(report)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Send what waits, within a few seconds, and say what came of all of it."""
        try:
            self._waiting.put(None, timeout=_FAREWELL_SECONDS)
        except queue.Full:
            pass
        self._thread.join(_FAREWELL_SECONDS)
        self._stopping.set()
        self._thread.join(_FAREWELL_SECONDS)
        unsent = self._dropped + self._waiting.qsize()
        self._say(f"{self._url}: {told(self._sink.totals())}" + (f"; {unsent:,} dropped" if unsent else ""))

    def _send(self) -> None:
        try:
            while (first := self._waiting.get()) is not None:
                reports = [first]
                while len(reports) < _AT_ONCE and not self._waiting.empty():
                    following = self._waiting.get()
                    if following is None:
                        self._deliver(reports)
                        return
                    reports.append(following)
                self._deliver(reports)
        except StoppedError:
            return
        finally:
            self._sink.close()

    def _deliver(self, reports: list[Report]) -> None:
        try:
            self._sink.write(reports)
        except UndeliveredError as error:
            self._dropped += len(reports)
            self._say(str(error))
