"""The part of `crybsim backfill` that pushes to a Loki: what it would take, progress, totals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from simulator.cli.loki import Target, document, labelled, missing, size, told
from simulator.clock import WallClock, rfc3339
from simulator.errors import UndeliveredError
from simulator.profile.manifest import Manifest
from simulator.sinks.loki.batches import Parcel
from simulator.sinks.loki.push import LokiPush
from simulator.streams.logs import ModelLogs
from simulator.streams.shards import Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import MINUTE, SECOND, format_duration

_SAMPLED_MINUTES: Final = 12
"""How many minutes are looked at for an estimate."""


class LokiHistory:
    """The lines of a span of the past, and the Loki that they go to."""

    def __init__(self, target: Target, run: Manifest, span: Interval, labels: Labels, shard: Shard) -> None:
        """Raises InputError where the server would not take them."""
        self._target = target
        self._url = target.endpoint.url
        self._span = span
        self._logs = ModelLogs(run, shard=shard)
        self._streams = labelled(self._logs.streams, labels)
        self._limits = target.checked_limits(self._streams, span, WallClock().now_ms())
        self._last_ms = span.start_ms
        self._missing = ""

    def tell_plan(self, console: Console) -> None:
        """What would be done, estimated from some minutes of it."""
        lines, total, slowest = self._estimate()
        rate = self._limits.rate_bytes if self._target.rate_bytes is None else self._target.rate_bytes
        stream_rate = self._limits.stream_rate_bytes if self._limits.known else rate
        seconds = max(total / rate, slowest / stream_rate)
        console.print(
            f"would push {self._told()} to {self._url}: about {lines:,.0f} lines ({size(total)}), "
            f"{self._target.rates(self._limits)}, so in no less than {_duration(seconds)}",
            markup=False,
        )

    def write(self, console: Console) -> dict[str, object]:
        """Push the lines. Returns what --json says about it. Raises UndeliveredError where it could not go on."""
        console.print(f"{self._url}: {self._told()}, {self._target.rates(self._limits)}", style="dim", markup=False)
        clock = WallClock()
        began = clock.monotonic()
        stopping = threading.Event()
        with _progress(console, self._span) as show:
            sink = LokiPush(
                self._target.endpoint,
                self._streams,
                self._limits,
                clock,
                stopping.wait,
                form=self._target.form,
                rate_bytes=self._target.rate_bytes,
                tell=lambda line: console.print(line, markup=False),
                on_taken=lambda parcel: self._note(parcel, show),
            )
            try:
                with sink:
                    try:
                        sink.write(self._logs.batches(self._span))
                    except BaseException:
                        stopping.set()  # nobody waits for a server any longer
                        raise
            except UndeliveredError as error:
                raise UndeliveredError(f"{error}; {self._told_part(sink)}") from error
            except KeyboardInterrupt:
                console.print(f"stopped: {self._told_part(sink)}", markup=False)
                raise
        totals = sink.totals()
        seconds = clock.monotonic() - began
        rate = f"{size(totals.sent_bytes / max(seconds, 1e-9))}/s"
        console.print(f"{self._url}: {told(totals)} in {seconds:.1f} s ({rate})", markup=False)
        self._missing = missing(totals)
        return {"loki": {**document(self._url, totals), "seconds": round(seconds, 3)}}

    def raise_for_missing(self) -> None:
        """Raises UndeliveredError where the server has not taken everything."""
        if self._missing:
            raise UndeliveredError(f"{self._url}: {self._missing}")

    def _note(self, parcel: Parcel, show: Callable[[int, int, int], None]) -> None:
        self._last_ms = parcel.last_ms
        show(parcel.last_ms, len(parcel.lines), parcel.size)

    def _told(self) -> str:
        span = f"{rfc3339(self._span.start_ms)} to {rfc3339(self._span.end_ms)}"
        return f"log lines of {format_duration(self._span.length_ms)} ({span}, {len(self._streams)} streams)"

    def _told_part(self, sink: LokiPush) -> str:
        totals = sink.totals()
        again = f"go on with --from {rfc3339(self._last_ms)} --to {rfc3339(self._span.end_ms)}"
        return f"{totals.sent:,} lines were pushed, up to {rfc3339(self._last_ms)}; {again}"

    def _estimate(self) -> tuple[float, float, float]:
        """Lines and bytes in all, and bytes of the largest stream."""
        minutes = max(self._span.length_ms // MINUTE, 1)
        chosen = sorted({minutes * place // _SAMPLED_MINUTES for place in range(_SAMPLED_MINUTES)})
        lines = 0
        sizes = np.zeros(len(self._streams))
        for minute in chosen:
            start = self._span.start_ms + minute * MINUTE
            for batch in self._logs.batches(Interval(start, min(start + MINUTE, self._span.end_ms))):
                lines += len(batch)
                lengths = np.diff(batch.ends, prepend=0) - 1
                sizes += np.bincount(batch.stream, weights=lengths, minlength=len(self._streams))
        scale = self._span.length_ms / (len(chosen) * MINUTE)
        return lines * scale, float(sizes.sum()) * scale, float(sizes.max(initial=0.0)) * scale


def _duration(seconds: float) -> str:
    return format_duration(max(round(seconds), 1) * SECOND)


@contextmanager
def _progress(console: Console, span: Interval) -> Iterator[Callable[[int, int, int], None]]:
    """A bar over the span with rate and time left. It is told the last line's time, lines and bytes of a request."""
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), rate)
    clock = WallClock()
    began = clock.monotonic()
    done = [0, 0]
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("pushing", total=span.length_ms, rate="")

        def show(last_ms: int, lines: int, sent_bytes: int) -> None:
            done[0] += lines
            done[1] += sent_bytes
            seconds = max(clock.monotonic() - began, 1e-9)
            told = f"{done[0] / seconds:,.0f} lines/s {size(done[1] / seconds)}/s"
            bar.update(task, completed=last_ms - span.start_ms, rate=told)

        yield show
