"""The part of `crybsim emit` that writes to a receiver: what it goes on with, its threads, its totals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from simulator.cli.remote_write import document, spool_folder
from simulator.clock import Clock, rfc3339
from simulator.errors import InputError, UndeliveredError
from simulator.profile.manifest import Manifest
from simulator.rehearsal.history.history import samples_version
from simulator.rehearsal.remote.live import Begun, LiveStream, end_earlier, goes_on
from simulator.sinks.follower import Follower
from simulator.sinks.remote_write.courier import Courier
from simulator.sinks.remote_write.endpoint import Endpoint
from simulator.sinks.remote_write.exposed import own_families
from simulator.sinks.remote_write.folder import held
from simulator.sinks.remote_write.pace import Pace
from simulator.sinks.remote_write.sender import SpoolSender
from simulator.sinks.remote_write.spool import Spool
from simulator.sinks.remote_write.tally import Tally
from simulator.streams.samples import ModelSamples
from simulator.streams.shards import Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import FamilyBlock, Labels
from simulator.units import format_duration

DEFAULT_SPOOL_MIB: Final = 256.0
_MIB: Final = 1024 * 1024

SpoolLimitOption = Annotated[
    float,
    typer.Option(
        "--spool-limit", metavar="MIB", min=0.01, help="Size of the spool; what does not fit is made up for later."
    ),
]


class RemoteEmission:
    """The stream of one `emit`. `run` is what it plays: another one than asked for where it goes on with that."""

    def __init__(
        self,
        begun: Begun,
        folder: Path,
        receiver: Endpoint,
        spool: Spool,
        tally: Tally,
        stream: LiveStream,
        sender: SpoolSender,
        clock: Clock,
    ) -> None:
        self.run = begun.run
        self.stream = stream
        self.follower = Follower("remote write", self._go_on, self._end, clock)
        self._begun = begun
        self._folder = folder
        self._receiver = receiver
        self._spool = spool
        self._tally = tally
        self._sender = sender
        self._clock = clock
        self._problem = ""
        sender.start()

    def own_families(self) -> Sequence[FamilyBlock]:
        """Metrics of its own, as of now."""
        return own_families(self._tally, self._spool, self._clock)

    def conclude(self, console: Console) -> dict[str, object]:
        """Say what was sent; what --json says about it."""
        counts = self._tally.counts()
        waiting = self._spool.samples
        text = f"{counts.sent:,} of {counts.generated:,} samples sent, {counts.stale:,} staleness markers among them"
        if waiting:
            text += f"; {waiting:,} wait in {self._folder}, from where the next emit to this receiver sends them"
        console.print(f"{self._receiver.url}: {text}", markup=False)
        return {"url": self._receiver.url, **document(counts), "waiting": waiting}

    def raise_for_missing(self) -> None:
        """Raises UndeliveredError where not all has arrived."""
        missing = []
        dropped, waiting = self._tally.counts().dropped_samples, self._spool.samples
        if dropped:
            missing.append(f"{dropped:,} samples were refused and are missing")
        if waiting:
            words = self._tally.last_words
            missing.append(f"{waiting:,} samples were not taken" + (f" ({words})" if words else ""))
        if self.stream.problem:
            missing.append(
                f"the spool {self._folder} is full: {self.stream.problem}; what came later is not even in it"
            )
        if self._sender.failure is not None:
            missing.append(f"the spool could not be read: {self._sender.failure}")
        if missing:
            raise UndeliveredError(f"{self._receiver.url}: {'; '.join(missing)}")

    def _go_on(self, within: Interval) -> None:
        self.stream.go_on(within)
        if self.stream.problem and not self._problem:
            self._tally.say(
                f"the spool {self._folder} is full: {self.stream.problem}; what comes now is made up for later"
            )
        elif self._problem and not self.stream.problem:
            self._tally.say("the spool has room again")
        self._problem = self.stream.problem

    def _end(self) -> None:
        # right after the last instant: by the clock, a scrape might have been due meanwhile
        if not self.stream.problem and self.follower.failure is None and self.stream.end():
            replace(self._begun, ended=True).remember(self._folder)
        self._sender.stop()


@contextmanager
def opened(
    receiver: Endpoint,
    run: Manifest,
    given: bool,
    labels: Labels,
    shard: Shard,
    console: Console,
    clock: Clock,
    *,
    rate: float | None,
    spool: Path | None,
    spool_limit: float,
    since_ms: int | None = None,
) -> Iterator[RemoteEmission]:
    """A stream to a receiver. `given`: the run is the user's own and not to be replaced. Raises InputError."""
    folder = spool_folder(spool, receiver, "emit", str(shard) if shard.of > 1 else None)
    with held(folder, flag="--spool"):
        kept = Spool(folder, round(spool_limit * _MIB))
        tally = Tally(clock, lambda line: console.print(f"{receiver.url}: {line}", markup=False))
        sender = None
        try:
            begun = _begun(run, given, labels, shard, folder, kept, tally, console, clock, since_ms)
            stream = LiveStream(begun, ModelSamples(begun.run, everything=True), kept, tally)
            if not stream.series:
                raise InputError(f"shard {shard} has none of the series; take fewer shards")
            pace = Pace(rate, clock)
            sender = SpoolSender(kept, lambda pause: Courier(receiver, tally, clock, pause, pace=pace))
            told = f"{stream.series:,} series, about {stream.samples_per_second:,.0f} samples a second"
            console.print(f"{receiver.url}: {told}; spool {folder}", style="dim", markup=False)
            yield RemoteEmission(begun, folder, receiver, kept, tally, stream, sender, clock)
        finally:
            if sender is None or sender.stop(0.0):  # one that still waits for an answer may have something to note down
                kept.close()


def _begun(
    run: Manifest,
    given: bool,
    labels: Labels,
    shard: Shard,
    folder: Path,
    spool: Spool,
    tally: Tally,
    console: Console,
    clock: Clock,
    since_ms: int | None,
) -> Begun:
    """The stream to go on with, or a new one, of samples since `since_ms` or from now on.

    Series of one that nobody goes on with are ended.
    """
    now_ms = clock.now_ms()
    request = _request(run, given, labels, shard)
    earlier = Begun.remembered(folder)
    if earlier is not None and goes_on(earlier, request, spool, now_ms):
        gap = format_duration(max(now_ms - max(spool.newest_ms, earlier.first_ms), 0) // 1000 * 1000)
        console.print(
            f"goes on with {earlier.run.profile.name} as begun at {rfc3339(earlier.run.started_ms)} and not ended; "
            f"{gap} are made up for",
            markup=False,
        )
        return earlier
    end_earlier(earlier, lambda manifest: ModelSamples(manifest, everything=True), spool, tally, now_ms)
    begun = Begun(request, run, labels, shard, max(now_ms if since_ms is None else since_ms, spool.newest_ms) + 1)
    try:
        begun.remember(folder)
    except OSError as error:
        raise InputError(f"--spool: {folder}: cannot write there: {error.strerror}") from error
    return begun


def _request(run: Manifest, given: bool, labels: Labels, shard: Shard) -> str:
    """The same for the same stream: of a run that was given, or of the same profile whenever it began."""
    overlays = [overlay.sha256 for overlay in run.overlays]
    whose = (run.run_id, run.started_ms) if given else ()
    what = (run.profile_sha256, overlays, run.seed, labels, str(shard), samples_version(), whose)
    return hashlib.sha256(repr(what).encode()).hexdigest()
