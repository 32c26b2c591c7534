"""What `emit` and `backfill` have in common where they push lines to a Loki: flags, addresses, checks, words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Final

import typer

from simulator.errors import InputError, did_you_mean
from simulator.profile.settings import load_settings
from simulator.sinks.loki.endpoint import Endpoint, endpoint
from simulator.sinks.loki.limits import Limits, parse_size
from simulator.sinks.loki.tally import Totals
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels, labels_of
from simulator.wire.loki import FORMATS

FLAG: Final = "--loki"

LokiOption = Annotated[
    str | None, typer.Option(FLAG, metavar="URL", help="Push log lines to this Loki, such as http://127.0.0.1:3100.")
]
LokiFormatOption = Annotated[
    str, typer.Option("--loki-format", metavar="FORMAT", help="How pushes are written: protobuf (snappy) or json.")
]
LokiTenantOption = Annotated[
    str, typer.Option("--loki-tenant", metavar="ID", help="Push as this tenant (X-Scope-OrgID).")
]
LokiRateOption = Annotated[
    str | None,
    typer.Option(
        "--loki-rate", metavar="SIZE", help="Bytes of lines a second at most, such as 2MB; default: its limits."
    ),
]


@dataclass(frozen=True)
class Target:
    """A Loki, and how to push to it."""

    endpoint: Endpoint
    form: str
    rate_bytes: float | None

    @classmethod
    def chosen(cls, url: str, form: str, tenant: str, rate: str | None) -> Target:
        """As the flags say, with credentials from the environment. Raises InputError."""
        if form not in FORMATS:
            raise InputError(f"--loki-format: there is no {form!r}{did_you_mean(form, FORMATS)}; protobuf or json")
        receiver = endpoint(url, os.environ, load_settings().allowed_hosts, tenant=tenant, flag=FLAG)
        try:
            rate_bytes = None if rate is None else parse_size(rate)
        except ValueError as error:
            raise InputError(f"--loki-rate: {error}") from error
        if rate_bytes == 0:
            raise InputError("--loki-rate: nothing a second never ends; leave it out for no cap of yours")
        return cls(receiver, form, rate_bytes)

    def checked_limits(self, streams: Sequence[Labels], span: Interval, now_ms: int) -> Limits:
        """What the server takes. Raises InputError where that is less than what is about to come."""
        limits = self.endpoint.limits()
        problems = limits.problems(tuple(streams), span, now_ms)
        if problems:
            raise InputError(*(f"Loki at {self.endpoint.url}: {problem}" for problem in problems))
        return limits

    def rates(self, limits: Limits) -> str:
        """Which limits are kept to, for people."""
        whose = "its limits" if limits.known else "the documented limits, for it does not tell its own"
        if self.rate_bytes is not None and not limits.known:
            return f"at most {size(self.rate_bytes)}/s"
        cap = limits.rate_bytes if self.rate_bytes is None else min(limits.rate_bytes, self.rate_bytes)
        return f"at most {size(cap)}/s and {size(limits.stream_rate_bytes)}/s a stream ({whose})"


def labelled(streams: Sequence[Labels], labels: Labels) -> tuple[Labels, ...]:
    """Every stream with labels more. Raises InputError where a stream has one of them already."""
    for name, _ in labels:
        if any(name == own for stream in streams for own, _ in stream):
            raise InputError(f"--label: {name!r} is a label of log streams already")
    return tuple(labels_of({**dict(stream), **dict(labels)}) for stream in streams)


def size(number: float) -> str:
    """Bytes for people: 4194304 -> `4 MB`; powers of 1024, as Loki counts."""
    unit = "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if number < 1024 or unit == "TB":
            break
        number /= 1024
    return f"{number:.3g} {unit}"


def told(totals: Totals) -> str:
    """Totals for people."""
    levels = ", ".join(f"{level} {count:,}" for level, count in totals.by_level.items())
    text = f"{totals.sent:,} lines ({size(totals.sent_bytes)}) of {totals.streams} streams pushed"
    text += f": {levels}" if levels else ""
    if totals.retried:
        text += f"; {totals.retried:,} requests were tried again"
    if totals.too_long:
        text += f"; {totals.too_long:,} lines are longer than it takes"
    if totals.refused:
        text += f"; {totals.refused:,} lines were in requests that it refused"
    return text


def document(url: str, totals: Totals) -> dict[str, object]:
    """Totals for --json."""
    rounded = replace(totals, waited_seconds=round(totals.waited_seconds, 3))
    return {"url": url, "drawn": totals.drawn, **asdict(rounded)}


def missing(totals: Totals) -> str:
    """What has not arrived, or nothing."""
    parts = []
    if totals.refused:
        parts.append(f"{totals.refused:,} lines were in refused requests")
    if totals.too_long:
        parts.append(f"{totals.too_long:,} lines were too long")
    return "; ".join(parts)
