"""The part of `crybsim emit` that reports to Sentry as the platform would."""

from __future__ import annotations

import heapq
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console

from simulator.clock import Clock
from simulator.errors import UndeliveredError
from simulator.profile.manifest import Manifest
from simulator.profile.settings import load_settings
from simulator.sinks.delivery import StoppedError
from simulator.sinks.follower import Follower
from simulator.sinks.sentry.dsn import Dsn, chosen_dsn, parse_dsn
from simulator.sinks.sentry.limits import ERROR, TRANSACTION
from simulator.sinks.sentry.push import Report, SentryPush, Totals
from simulator.streams.errors import ModelErrors
from simulator.telemetry.errors import ErrorEvent
from simulator.telemetry.interval import Interval

ENVIRONMENT: Final = "SENTRY_ENVIRONMENT"
"""The platform's own variable: which environment reports are of. Everything but production sends all transactions."""

SentryOption = Annotated[
    str | None,
    typer.Option(
        "--sentry",
        metavar="DSN",
        help="Send error reports there: SENTRY_DSN (or another variable that holds the DSN), - for stdin, or a DSN.",
    ),
]
SentryRateOption = Annotated[
    float | None, typer.Option("--sentry-rate", metavar="N", min=0.1, help="Reports a second at most; default: no cap.")
]


def chosen_project(given: str) -> Dsn:
    """The project of --sentry. Raises InputError."""
    return parse_dsn(chosen_dsn(given, os.environ, sys.stdin), load_settings().allowed_hosts)


class SentryEmission:
    """The reports of one `emit`."""

    def __init__(self, dsn: Dsn, run: Manifest, rate: float | None, console: Console, clock: Clock) -> None:
        self._url = dsn.url
        environment = os.environ.get(ENVIRONMENT)
        self._errors = ModelErrors(run, environment=environment) if environment else ModelErrors(run)
        stopping = threading.Event()
        self._sink = SentryPush(
            dsn,
            clock,
            stopping.wait,
            per_second=rate,
            patience_seconds=float("inf"),
            tell=lambda line: console.print(line, markup=False),
        )
        self._cut_off = ""
        self.follower = Follower("reports to Sentry", self._write, self._sink.close, clock, stopping=stopping)

    def conclude(self, console: Console) -> dict[str, object]:
        """Say what was sent; what --json says about it."""
        totals = self._sink.totals()
        console.print(f"{self._url}: {told(totals)}", markup=False)
        return {"sentry": {"url": self._url, **asdict(totals)}}

    def raise_for_missing(self) -> None:
        """Raises UndeliveredError where the server has refused some, or was away at the end. What its rate limits
        forbade is not missing: a client of the platform would not have sent it either."""
        refused = sum(self._sink.totals().refused.values())
        parts = [f"{refused:,} reports were refused"] if refused else []
        parts += [self._cut_off] if self._cut_off else []
        if parts:
            raise UndeliveredError(f"{self._url}: {'; '.join(parts)}")

    def _write(self, interval: Interval) -> None:
        try:
            self._sink.write(_reports(self._errors, interval))
        except StoppedError as error:
            self._cut_off = f"the last reports were not taken ({error})"


def told(totals: Totals) -> str:
    """Totals for people."""
    levels = ", ".join(f"{level} {count:,}" for level, count in totals.by_level.items())
    text = f"{totals.sent.get(ERROR, 0):,} events sent" + (f" ({levels})" if levels else "")
    text += f", {totals.sent.get(TRANSACTION, 0):,} transactions"
    if totals.limited:
        unwanted = ", ".join(f"{category} {count:,}" for category, count in sorted(totals.limited.items()))
        text += f"; not sent, for its rate limits: {unwanted}"
    if totals.refused:
        text += f"; refused: {', '.join(f'{category} {count:,}' for category, count in sorted(totals.refused.items()))}"
    return text


def _reports(errors: ModelErrors, interval: Interval) -> Iterator[Report]:
    """Events and transactions in the order of time."""

    def at(report: Report) -> float:
        return report.at_ms if isinstance(report, ErrorEvent) else report.end_us / 1000

    return heapq.merge(errors.events(interval), errors.transactions(interval), key=at)
