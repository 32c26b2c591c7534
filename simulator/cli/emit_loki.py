"""The part of `crybsim emit` that pushes lines to a Loki as they happen."""

from __future__ import annotations

import threading

from rich.console import Console

from simulator.cli.loki import Target, document, labelled, missing, told
from simulator.clock import Clock, rfc3339
from simulator.errors import UndeliveredError
from simulator.profile.manifest import Manifest
from simulator.sinks.delivery import StoppedError
from simulator.sinks.follower import Follower
from simulator.sinks.loki.batches import Parcel
from simulator.sinks.loki.push import LokiPush
from simulator.streams.logs import ModelLogs
from simulator.streams.shards import Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels


class LokiEmission:
    """The lines of one `emit`. A Loki that is away is waited for; then all since its last line is pushed at once."""

    def __init__(
        self,
        target: Target,
        run: Manifest,
        labels: Labels,
        shard: Shard,
        console: Console,
        clock: Clock,
        since_ms: int | None = None,
    ) -> None:
        """Lines since `since_ms`, or from now on. Raises InputError where the server would not take them."""
        self._url = target.endpoint.url
        self._logs = ModelLogs(run, shard=shard)
        streams = labelled(self._logs.streams, labels)
        now_ms = clock.now_ms()
        limits = target.checked_limits(streams, Interval(since_ms or now_ms, now_ms), now_ms)
        stopping = threading.Event()
        self._sink = LokiPush(
            target.endpoint,
            streams,
            limits,
            clock,
            stopping.wait,
            form=target.form,
            rate_bytes=target.rate_bytes,
            patience_seconds=float("inf"),
            goes_on=True,
            tell=lambda line: console.print(line, markup=False),
            on_taken=self._note,
        )
        self._last_ms = now_ms
        self._cut_off = ""
        self.follower = Follower(
            "log lines to Loki", self._write, self._sink.close, clock, stopping=stopping, since_ms=since_ms
        )
        told_limits = target.rates(limits)
        console.print(f"{self._url}: {len(streams)} streams, {told_limits}", style="dim", markup=False)

    def conclude(self, console: Console) -> dict[str, object]:
        """Say what was pushed; what --json says about it."""
        totals = self._sink.totals()
        console.print(f"{self._url}: {told(totals)}", markup=False)
        return {"loki": document(self._url, totals)}

    def raise_for_missing(self) -> None:
        """Raises UndeliveredError where not all has arrived."""
        parts = [part for part in (missing(self._sink.totals()), self._cut_off) if part]
        if parts:
            raise UndeliveredError(f"{self._url}: {'; '.join(parts)}")

    def _write(self, interval: Interval) -> None:
        try:
            self._sink.write(self._logs.batches(interval))
        except StoppedError as error:
            self._cut_off = f"lines since {rfc3339(self._last_ms)} were not taken ({error})"

    def _note(self, parcel: Parcel) -> None:
        self._last_ms = parcel.last_ms
