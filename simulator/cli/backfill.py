"""`crybsim backfill`: history at speed, as blocks that a Prometheus opens."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from simulator.cli.backfill_loki import LokiHistory
from simulator.cli.backfill_remote import PatienceOption, Remote, RemoteWriteSendersOption
from simulator.cli.emit import OptionalProfile
from simulator.cli.instants import parse_instant
from simulator.cli.loki import LokiFormatOption, LokiOption, LokiRateOption, LokiTenantOption, Target
from simulator.cli.options import (
    DryRunOption,
    JsonOption,
    LabelOption,
    ManifestOption,
    OverlayOption,
    QuietOption,
    SeedOption,
    ShardOption,
    chosen_labels,
    chosen_shard,
    chosen_span,
)
from simulator.cli.remote_write import RemoteWriteOption, RemoteWriteRateOption, SpoolOption
from simulator.cli.run_manifest import manifest_for
from simulator.clock import WallClock, rfc3339
from simulator.errors import InputError, did_you_mean
from simulator.model.grid import origin_days
from simulator.profile.manifest import Manifest
from simulator.rehearsal.history import backfill as work
from simulator.rehearsal.history.history import (
    FULL_RESOLUTION_MS,
    LONGEST_BLOCK_MS,
    OLD_RESOLUTION_MS,
    History,
    samples_version,
)
from simulator.rehearsal.history.scrapes import PlainRelabelling, Scraper
from simulator.rehearsal.remote.position import Begun
from simulator.streams.samples import ModelSamples
from simulator.streams.shards import WHOLE, Shard
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import DAY, HOUR, format_duration
from simulator.wire.tsdb.ranges import SHORTEST_MS

DEFAULT_LENGTH_MS: Final = 30 * DAY
_KEPT_BY_DEFAULT_MS: Final = 15 * DAY

TsdbOption = Annotated[
    Path | None, typer.Option("--tsdb", metavar="DIR", help="Data folder of a Prometheus to write the blocks to.")
]
DaysOption = Annotated[
    float | None, typer.Option("--days", metavar="N", min=0.01, help="How long; default: as in the profile, or 30.")
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Begin here: RFC 3339, or relative to now (-3h).")
]
ToOption = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="TIME", help="End here; default: the last full hour. With --manifest: where the run begins."
    ),
]
JobOption = Annotated[
    list[str] | None, typer.Option("--job", metavar="JOB", help="Only this scrape job; may be given several times.")
]
ResolutionOption = Annotated[
    str | None,
    typer.Option(
        "--resolution", metavar="SPAN", help="Spacing of samples in the old part (5m); 0: every scrape everywhere."
    ),
]
BlockRangeOption = Annotated[
    str | None, typer.Option("--block-range", metavar="SPAN", help="Longest block: 2h, 6h, 18h, 54h, ..., or whole.")
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=1, max=256, help="Threads; default: one for each core.")
]


@dataclass(frozen=True)
class _Wanted:
    """What is asked for, before any time is fixed: equal requests can go on with each other's work."""

    days: float | None
    begin: str | None
    end: str | None
    labels: Labels
    jobs: tuple[str, ...]
    resolution_ms: int | None
    longest_block_ms: int
    shard: Shard

    def request(self, manifest: Manifest) -> str:
        """The same for the same history of the same profile, whatever the hour."""
        overlays = [overlay.sha256 for overlay in manifest.overlays]
        what = (self, manifest.profile_sha256, overlays, manifest.seed, samples_version())
        return hashlib.sha256(repr(what).encode()).hexdigest()


def command(
    profile: OptionalProfile = None,
    tsdb: TsdbOption = None,
    remote_write: RemoteWriteOption = None,
    loki: LokiOption = None,
    days: DaysOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    label: LabelOption = None,
    job: JobOption = None,
    resolution: ResolutionOption = None,
    block_range: BlockRangeOption = None,
    seed: SeedOption = None,
    overlay: OverlayOption = None,
    shard: ShardOption = None,
    manifest: ManifestOption = None,
    workers: WorkersOption = None,
    rate: RemoteWriteRateOption = None,
    senders: RemoteWriteSendersOption = 2,
    patience: PatienceOption = "5m",
    spool: SpoolOption = None,
    loki_format: LokiFormatOption = "protobuf",
    loki_tenant: LokiTenantOption = "",
    loki_rate: LokiRateOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the platform's past as TSDB blocks into the data folder of a Prometheus, by remote write, or both; and its
    log lines to a Loki.

    Each block appears complete or not at all; the same command goes on where an earlier one was stopped. The last
    7 hours have every scrape, the time before has a sample every 2 minutes, unless the profile's history.resolution
    or --resolution say otherwise.

    \b
    Examples:
      crybsim backfill quiet-evening --tsdb data --days 7
      crybsim backfill api-errors --tsdb data --from -6h --to now --label simulation=demo
      crybsim backfill quiet-evening --tsdb data-3 --to 2026-02-01T00:00:00Z --shard 3/8
      crybsim backfill quiet-evening --remote-write http://127.0.0.1:9090 --days 7
      crybsim backfill api-errors --loki http://127.0.0.1:3100 --from -6h --to now --dry-run
    """
    now_ms = WallClock().now_ms()
    wanted = _Wanted(
        days=days,
        begin=begin,
        end=end,
        labels=chosen_labels(label),
        jobs=tuple(job or ()),
        resolution_ms=chosen_span("--resolution", resolution),
        longest_block_ms=_longest_block(block_range),
        shard=chosen_shard(shard) or WHOLE,
    )
    if tsdb is None and remote_write is None and loki is None:
        raise InputError("where to? Give --tsdb DIR, --remote-write URL, --loki URL, or several of them")
    remote = None
    if remote_write is not None:
        remote = Remote.chosen(remote_write, rate, senders, patience, spool, shard)
    memory = work.remembered(tsdb) if tsdb else remote.begun if remote else None
    run = _run(profile, manifest, overlay, seed, wanted, memory, now_ms)
    history, relabelling = _history(run, wanted, now_ms)
    console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
    lines = None
    if loki is not None:
        target = Target.chosen(loki, loki_format, loki_tenant, loki_rate)
        lines = LokiHistory(target, run, history.span, wanted.labels, wanted.shard)
    document: dict[str, object] = {}
    if tsdb is not None:
        document |= _write_blocks(history, relabelling, wanted, tsdb, workers, console, dry_run=dry_run, now_ms=now_ms)
    if remote is not None:
        document |= remote.write(history, relabelling, wanted.request(run), workers, console, dry_run=dry_run)
    if lines is not None and dry_run:
        lines.tell_plan(console)
    elif lines is not None:
        document |= lines.write(console)
    if as_json and not dry_run:
        typer.echo(json.dumps(document, indent=2))
    if remote is not None:
        remote.raise_for_missing()
    if lines is not None:
        lines.raise_for_missing()


def _write_blocks(
    history: History,
    relabelling: PlainRelabelling,
    wanted: _Wanted,
    tsdb: Path,
    workers: int | None,
    console: Console,
    *,
    dry_run: bool,
    now_ms: int,
) -> dict[str, object]:
    """Write the blocks. Returns what --json says about them."""
    told = _told(history)
    if dry_run:
        console.print(f"would write {told} to {tsdb}")
        return {}
    console.print(f"{tsdb}: {told}", style="dim")
    clock = WallClock()
    began = clock.monotonic()
    run = history.manifest
    with _progress(console, history, tsdb) as show:
        done = work.backfill(
            history,
            tsdb,
            source=lambda: ModelSamples(run, everything=True),
            relabelling=relabelling,
            workers=workers,
            request=wanted.request(run),
            on_progress=show,
        )
    _conclude(history, done, tsdb, clock.monotonic() - began, console, now_ms)
    return _document(history, done, tsdb)


def _run(
    profile: str | None,
    manifest: Path | None,
    overlays: list[str] | None,
    seed: int | None,
    wanted: _Wanted,
    memory: work.Remembered | Begun | None,
    now_ms: int,
) -> Manifest:
    """The run that this is the past of: a given one, else one that begins at --to, else one that began with the hour.

    Where the same request was begun in another hour, as the `memory` of it says, it is that hour.
    """
    run = manifest_for(profile, manifest, mode="virtual", overlays=overlays)
    if manifest is not None:
        if seed is not None:
            raise InputError("--seed: the manifest has one already; leave it out")
        return run
    started_ms = now_ms // HOUR * HOUR if wanted.end is None else parse_instant(wanted.end, flag="--to", now_ms=now_ms)
    run = run.model_copy(update={"seed": run.seed if seed is None else seed, "started_ms": started_ms})
    if memory is not None and memory.request == wanted.request(run) and wanted.begin is wanted.end is None:
        return run.model_copy(update={"started_ms": memory.started_ms})
    return run


def _history(run: Manifest, wanted: _Wanted, now_ms: int) -> tuple[History, PlainRelabelling]:
    end = run.started_ms if wanted.end is None else parse_instant(wanted.end, flag="--to", now_ms=now_ms)
    if wanted.begin is not None:
        if wanted.days is not None:
            raise InputError("--days and --from both say where to begin; give one of them")
        begin = parse_instant(wanted.begin, flag="--from", now_ms=now_ms)
    elif wanted.days is not None:
        begin = end - round(wanted.days * DAY)
    else:
        begin = end - (run.profile.history.length or DEFAULT_LENGTH_MS)
    if begin >= end:
        raise InputError(f"--from: {rfc3339(begin)} is not before the end, {rfc3339(end)}")
    oldest = run.started_ms - origin_days(run.profile) * DAY
    if begin < oldest:
        raise InputError(
            f"--from: the platform began {origin_days(run.profile)} days before the run, at {rfc3339(oldest)}; "
            f"{rfc3339(begin)} is before that"
        )
    resolution = run.profile.history.resolution if wanted.resolution_ms is None else wanted.resolution_ms
    relabelling = PlainRelabelling(wanted.labels)
    source = ModelSamples(run, everything=True)
    for name in wanted.jobs:
        if name not in source.jobs():
            known = ", ".join(source.jobs())
            raise InputError(f"--job: there is no job {name!r}{did_you_mean(name, source.jobs())} (jobs: {known})")
    history = History(
        manifest=run,
        span=Interval(begin, end),
        full_from_ms=min(run.started_ms, end) - FULL_RESOLUTION_MS,
        old_step_ms=OLD_RESOLUTION_MS if resolution is None else max(resolution, 1),
        targets=Scraper(source, relabelling, run.seed).targets(wanted.jobs or None),
        relabelling=relabelling.identity,
        longest_block_ms=wanted.longest_block_ms,
        shard=wanted.shard,
    )
    return history, relabelling


def _longest_block(text: str | None) -> int:
    if text == "whole":
        return 0
    longest = chosen_span("--block-range", text)
    if longest is None:
        return LONGEST_BLOCK_MS
    if longest < SHORTEST_MS:
        raise InputError(f"--block-range: {text} is shorter than a block can be; at least 2h")
    return longest


def _told(history: History) -> str:
    return (
        f"{format_duration(history.span.length_ms)} of {_count(len(history.targets), 'target')} "
        f"({rfc3339(history.span.start_ms)} to {rfc3339(history.span.end_ms)}, {_count(len(history.blocks), 'block')})"
    )


def _document(history: History, done: work.Backfilled, folder: Path) -> dict[str, object]:
    blocks = [*done.written, *done.reused]
    return {
        "folder": str(folder),
        "fingerprint": history.fingerprint,
        "from": rfc3339(history.span.start_ms),
        "to": rfc3339(history.span.end_ms),
        "samples": sum(meta.stats.samples for meta in blocks),
        "series": max(meta.stats.series for meta in blocks),
        "chunks": sum(meta.stats.chunks for meta in blocks),
        "written": [meta.ulid for meta in done.written],
        "reused": [meta.ulid for meta in done.reused],
    }


def _conclude(
    history: History, done: work.Backfilled, folder: Path, seconds: float, console: Console, now_ms: int
) -> None:
    """The totals, and how to look at them."""
    samples = sum(meta.stats.samples for meta in done.written)
    if done.written:
        series = max(meta.stats.series for meta in done.written)
        console.print(
            f"{_count(len(done.written), 'block')} written: {samples:,} samples of {series:,} series "
            f"in {seconds:.1f} s ({samples / seconds / 1e6:.1f} M samples/s)"
        )
    if done.reused:
        verb = "was" if len(done.reused) == 1 else "were"
        console.print(f"{_count(len(done.reused), 'block')} of this history {verb} there already")
    flags = f"--storage.tsdb.path={folder}"
    if history.span.start_ms < now_ms - _KEPT_BY_DEFAULT_MS:
        flags += " --storage.tsdb.retention.time=100y"  # by default a server removes what is older when it starts
    console.print(f"open it with: prometheus {flags}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


class _Rate(ProgressColumn):
    """Samples a second, in millions."""

    def render(self, task: Task) -> Text:
        return Text(f"{(task.speed or 0) / 1e6:.1f} M samples/s")


@contextmanager
def _progress(console: Console, history: History, folder: Path) -> Iterator[work.OnProgress]:
    """A bar with rate and time left; when interrupted, a line that says what is there, as the disk has it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), _Rate())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("preparing", total=None)

        def show(now: work.Progress) -> None:
            blocks = f"block {min(now.blocks + 1, now.expected_blocks)} of {now.expected_blocks}"
            bar.update(task, total=now.expected_samples, completed=now.samples, description=blocks)

        try:
            yield show
        except KeyboardInterrupt:
            bar.stop()
            console.print(
                f"stopped: {work.finished(history, folder)} of {len(history.blocks)} blocks are complete, nothing is "
                "there of the next one; the same command goes on from there"
            )
            raise
