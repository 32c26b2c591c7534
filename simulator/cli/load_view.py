"""A load run on the terminal: a bar while it runs, a table at its end."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from simulator.errors import ExitCode
from simulator.load.judgement import LoadJudgement
from simulator.telemetry.observations import LoadEnded, LoadMeasured, RequestTotals
from simulator.units import SECOND, format_duration

_TABLE_WIDTH = 108  # the longest route and its figures on one line
_WORDS = {
    ExitCode.PASS: "[green]pass[/]",
    ExitCode.FAIL: "[red]fail[/]",
    ExitCode.INCONCLUSIVE: "[yellow]inconclusive[/]",
}


class LoadView:
    """Shows how a run goes. Nothing moves where the output is not a terminal."""

    def __init__(self, console: Console, duration_ms: int, *, quiet: bool) -> None:
        self._duration_ms = duration_ms
        self._progress = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task("getting ready", total=duration_ms, figures="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tick(self, elapsed_ms: int) -> None:
        """Move the bar."""
        if elapsed_ms < 0:
            self._progress.update(self._task, description=f"starting in {_seconds(-elapsed_ms)}")
        else:
            done = min(elapsed_ms, self._duration_ms)
            self._progress.update(self._task, completed=done, description=f"{_seconds(self._duration_ms - done)} left")

    def show(self, measured: LoadMeasured) -> None:
        """The last second's figures."""
        rate = f"{measured.requests_per_second:.1f} of {measured.target_per_second:.1f} requests/s"
        figures = f"{measured.users} users, {rate}, p95 {_ms(measured.p95_seconds)} ms, {measured.failures} failed"
        self._progress.update(self._task, figures=figures)


def show_result(console: Console, ended: LoadEnded, judgement: LoadJudgement) -> None:
    """The table of all requests, then the judgement."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("request", overflow="fold")
    for heading in ("requests", "failed", "no answer", "4xx", "429", "p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    for totals in ended.totals:
        table.add_row(*_row(totals))
    table.add_section()
    table.add_row(*_row(ended.overall), style="bold")
    console.width = max(_TABLE_WIDTH, console.width)
    console.print(table)
    console.print()
    for totals in (*ended.totals, ended.overall):
        if totals.unanswered:
            text = f"without an answer, {totals.name}: {totals.unanswered_told}"
            console.print(text, highlight=False, markup=False, soft_wrap=True)
    for finding in judgement.findings:
        console.print(f"- {finding.text}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"load: {_WORDS[judgement.outcome]}")


def _row(totals: RequestTotals) -> tuple[str, ...]:
    latencies = (totals.p50_seconds, totals.p95_seconds, totals.p99_seconds, totals.max_seconds)
    counts = (totals.requests, totals.failures, totals.unanswered, totals.declined, totals.rate_limited)
    return (totals.name, *map(str, counts), *map(_ms, latencies))


def _seconds(milliseconds: int) -> str:
    return format_duration(milliseconds // SECOND * SECOND)


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f}" if seconds >= 0.01 else f"{seconds * 1000:.1f}"
