"""The part of `crybsim backfill` that writes to a receiver: progress, totals, and what to do where it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from simulator.cli.options import chosen_span
from simulator.cli.remote_write import chosen_endpoint, document, spool_folder
from simulator.clock import WallClock, rfc3339
from simulator.errors import UndeliveredError
from simulator.rehearsal.history.history import History
from simulator.rehearsal.history.scrapes import PlainRelabelling
from simulator.rehearsal.remote import history as work
from simulator.rehearsal.remote.position import Begun, remembered
from simulator.sinks.remote_write.folder import held
from simulator.streams.samples import ModelSamples
from simulator.units import SECOND, format_duration

RemoteWriteSendersOption = Annotated[
    int, typer.Option("--remote-write-senders", metavar="N", min=1, max=64, help="Requests under way at once.")
]
PatienceOption = Annotated[
    str, typer.Option("--patience", metavar="SPAN", help="How long a receiver of remote write may be away.")
]


@dataclass
class Remote:
    """Where to write to, and what became of it."""

    sending: work.Sending
    folder: Path
    missing: int = field(default=0, init=False)

    @classmethod
    def chosen(
        cls, url: str, rate: float | None, senders: int, patience: str, spool: Path | None, shard: str | None
    ) -> Remote:
        """As the flags say. Raises InputError."""
        receiver = chosen_endpoint(url)
        seconds = (chosen_span("--patience", patience) or 0) / SECOND
        sending = work.Sending(receiver, senders=senders, rate=rate, patience_seconds=seconds)
        return cls(sending, spool_folder(spool, receiver, "backfill", shard))

    @property
    def begun(self) -> Begun | None:
        """What was last begun and not finished."""
        return remembered(self.folder)

    def write(
        self,
        history: History,
        relabelling: PlainRelabelling,
        request: str,
        workers: int | None,
        console: Console,
        *,
        dry_run: bool,
    ) -> dict[str, object]:
        """Send the history. Returns what --json says about it. Raises UndeliveredError where it could not go on."""
        url = self.sending.endpoint.url
        clock = WallClock()
        writer = work.HistoryWriter(
            history,
            self.sending,
            clock,
            source=lambda: ModelSamples(history.manifest, everything=True),
            relabelling=relabelling,
            workers=workers,
            tell=lambda line: console.print(f"{url}: {line}", markup=False),
        )
        span = f"{rfc3339(history.span.start_ms)} to {rfc3339(history.span.end_ms)}"
        told = f"{format_duration(history.span.length_ms)} of {writer.series:,} series ({span})"
        if dry_run:
            requests = len(writer.plan.groups) * len(writer.plan.slices)
            console.print(
                f"would send {told} to {url}: at most {writer.expected_samples:,} samples in {requests:,} requests"
            )
            return {}
        console.print(f"{url}: {told}", style="dim", markup=False)
        began = clock.monotonic()
        with held(self.folder, flag="--spool"), _progress(console, writer) as show:
            try:
                done = writer.write(self.folder, request, show)
            except UndeliveredError as error:
                sent, why = writer.tally.counts().sent, " ".join(writer.last_words.split())
                raise UndeliveredError(
                    f"{url}: {error}: {why}; {sent:,} samples were sent, the same command goes on from there"
                ) from error
        seconds = clock.monotonic() - began
        sent = done.counts.sent
        console.print(
            f"{sent:,} samples of {done.series:,} series sent to {url} in {seconds:.1f} s "
            f"({sent / max(seconds, 1e-9) / 1e6:.2f} M samples/s), {done.counts.stale:,} staleness markers among them"
            + (f"; {done.sent_before:,} had been sent before" if done.sent_before else ""),
            markup=False,
        )
        self.missing = done.dropped
        return {
            "fingerprint": history.fingerprint,
            "from": rfc3339(history.span.start_ms),
            "to": rfc3339(history.span.end_ms),
            "remote_write": {
                "url": url,
                "series": done.series,
                **document(done.counts),
                "sent_before": done.sent_before,
                "dropped_before": done.dropped_before,
                "seconds": round(seconds, 3),
            },
        }

    def raise_for_missing(self) -> None:
        """Raises UndeliveredError where the receiver has refused something."""
        if self.missing:
            raise UndeliveredError(
                f"{self.sending.endpoint.url}: {self.missing:,} samples were refused and are missing"
            )


@contextmanager
def _progress(console: Console, writer: work.HistoryWriter) -> Iterator[work.OnProgress]:
    """A bar with rate and time left; when interrupted, a line that says what was sent."""
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), rate)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("sending", total=None, rate="")

        def show(now: work.Progress) -> None:
            rate = f"{(bar.tasks[task].speed or 0) / 1e6:.2f} M samples/s"
            retried = f", {now.counts.retried:,} tried again" if now.counts.retried else ""
            bar.update(task, total=now.expected_samples, completed=now.samples, rate=escape(rate + retried))

        try:
            yield show
        except KeyboardInterrupt:
            bar.stop()
            sent = writer.tally.counts().sent
            console.print(f"stopped: {sent:,} samples were sent; the same command goes on from there")
            raise
