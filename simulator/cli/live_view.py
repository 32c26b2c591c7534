"""The live timeline of a rehearsal: one line an event, and a bar that tells how far the run is and how load goes."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from simulator.clock import Clock
from simulator.telemetry.observations import (
    AlertObserved,
    AlertState,
    FaultEdge,
    Gap,
    LoadMeasured,
    Note,
    NotificationReceived,
    Observation,
    TargetObserved,
)
from simulator.units import SECOND

_SECONDS_FOR_A_RATE: Final = 1.0
"""Before that a rate is a guess."""

_STATE_STYLE: Final = {AlertState.PENDING: "yellow", AlertState.FIRING: "bold red", AlertState.INACTIVE: "green"}


class LiveView:
    """Shows observations as they are recorded. Quiet: nothing but what must be seen (gaps)."""

    def __init__(self, console: Console, clock: Clock, *, quiet: bool) -> None:
        self._clock = clock
        self._quiet = quiet
        self._started_ms = 0
        self._load = ""
        self._work = ""
        self._work_began = (0.0, 0)  # the instant and how much was done by then
        self._progress = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[clock]}"),
            TextColumn("{task.fields[load]}", style="dim"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task("getting ready", total=None, clock="", load="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, started_ms: int, duration_ms: int) -> None:
        """The run's clock is known: lines carry the time since then."""
        self._started_ms = started_ms
        self._progress.update(self._task, description="rehearsing", total=duration_ms)

    def tick(self) -> None:
        """Move the bar to now."""
        if self._started_ms:
            elapsed = max(self._clock.now_ms() - self._started_ms, 0)
            total = self._progress.tasks[0].total or 0
            clock = f"{_minutes(elapsed)} of {_minutes(int(total))}"
            self._progress.update(self._task, completed=min(elapsed, total), clock=clock, load=self._load)

    def work(self, what: str, done: int, expected: int) -> None:
        """Long work before the run's clock begins: so much of so much, and how long the rest takes at that rate."""
        if what != self._work:
            self._work, self._work_began = what, (self._clock.monotonic(), done)
        began, done_then = self._work_began
        seconds = self._clock.monotonic() - began
        total = max(expected, 1)
        clock = f"{done:,} of {total:,}"
        if seconds >= _SECONDS_FOR_A_RATE and done > done_then:
            rate = (done - done_then) / seconds
            clock += f", {rate:,.{0 if rate >= 10 else 1}f}/s, {_minutes(round((total - done) / rate * SECOND))} left"
        self._progress.update(self._task, description=what, completed=done, total=total, clock=clock)

    def show(self, observation: Observation) -> None:
        """One line for what is worth one."""
        if isinstance(observation, LoadMeasured):
            p95 = f", p95 {observation.p95_seconds * 1000:.0f} ms" if observation.p95_seconds is not None else ""
            self._load = f"{observation.requests_per_second:.1f} of {observation.target_per_second:.1f} requests/s{p95}"
            return
        line = _line(observation)
        if line is None or (self._quiet and not isinstance(observation, Gap)):
            return
        stamp = _minutes(_instant(observation) - self._started_ms) if self._started_ms else " " * 5
        self._progress.console.print(Text.assemble((f"{stamp:>6}  ", "dim"), line), highlight=False, soft_wrap=True)


def _instant(observation: Observation) -> int:
    return observation.since_ms if isinstance(observation, AlertObserved) else observation.at_ms


def _line(observation: Observation) -> Text | None:
    match observation:
        case FaultEdge(fault=fault, kind=kind, edge=edge):
            return Text(f"fault {fault} ({kind}) {'begins' if edge == 'onset' else 'ends'}", "bold magenta")
        case AlertObserved(alert=alert, state=state):
            word = "resolved" if state is AlertState.INACTIVE else state.value
            return Text(f"alert {alert} {word}", _STATE_STYLE[state])
        case NotificationReceived(kind=kind, destination=destination, status=status, alerts=alerts, problem=problem):
            names = ", ".join(sorted({alert.alert for alert in alerts})) or "no alert"
            trouble = f": {problem}" if problem else ""
            return Text(f"{kind.value} {destination} heard {names} {status}{trouble}", "red" if problem else "cyan")
        case TargetObserved(job=job, instance=instance, health="down", error=error):
            return Text(f"target {job} {instance} is down ({error})", "yellow")
        case Gap(source=source, reason=reason):
            return Text(f"not observed: {source}: {reason}", "bold red")
        case Note(text=text):
            return Text(text, "dim")
        case _:
            return None


def _minutes(milliseconds: int) -> str:
    sign = "-" if milliseconds < 0 else ""
    seconds = abs(milliseconds) // 1000
    return f"{sign}{seconds // 60:d}:{seconds % 60:02d}"
