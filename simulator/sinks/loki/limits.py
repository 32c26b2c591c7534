"""What a Loki takes: its documented limits, or those that it says it was started with.

Defaults are those of the documentation (https://grafana.com/docs/loki/latest/configure/#limits_config); where Loki 2.8
and 3 differ, the stricter one. A server tells its own on `/config`; limits of a single tenant are not in there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.clock import rfc3339
from simulator.telemetry.interval import Interval
from simulator.telemetry.samples import Labels
from simulator.units import HOUR, MINUTE, format_duration, parse_duration

KIBI: Final = 1024
MEBI: Final = 1024 * KIBI

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"": 1, "K": KIBI, "M": MEBI, "G": 1024 * MEBI, "T": 1024 * 1024 * MEBI}


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes of lines, rates in bytes a second, times in milliseconds; 0 is no limit where that is possible."""

    line_bytes: int = 256 * KIBI  # max_line_size
    rate_bytes: float = 4 * MEBI  # ingestion_rate_mb
    burst_bytes: float = 6 * MEBI  # ingestion_burst_size_mb
    stream_rate_bytes: float = 3 * MEBI  # per_stream_rate_limit
    stream_burst_bytes: float = 15 * MEBI  # per_stream_rate_limit_burst
    label_names: int = 15  # max_label_names_per_series
    label_name_length: int = 1024  # max_label_name_length
    label_value_length: int = 2048  # max_label_value_length
    streams: int = 5000  # max_global_streams_per_user
    oldest_ms: int = 168 * HOUR  # reject_old_samples_max_age; 0: reject_old_samples is off
    newest_ms: int = 10 * MINUTE  # creation_grace_period
    window_ms: int = HOUR  # half of ingester.max_chunk_age: how far behind its newest line a stream takes another
    index_from_ms: int | None = None  # schema_config's first `from`: nothing older can be stored
    known: bool = False
    """Whether the server told them."""

    def problems(self, streams: tuple[Labels, ...], span: Interval, now_ms: int) -> list[str]:
        """What these limits have against such streams of such a time; one line each, with what to set.

        Of a server that did not tell its limits nothing is said about time: it may well take older lines.
        """
        found = []
        if self.streams and len(streams) > self.streams:
            found.append(f"{len(streams)} streams, limits_config.max_global_streams_per_user is {self.streams}")
        most = max(streams, key=len, default=())
        if self.label_names and len(most) > self.label_names:
            found.append(f"{len(most)} labels a stream, limits_config.max_label_names_per_series is {self.label_names}")
        pairs = {pair for labels in streams for pair in labels}
        for name in sorted({name for name, _ in pairs}):
            if len(name.encode()) > self.label_name_length:
                found.append(f"label {name[:40]}… is longer than limits_config.max_label_name_length")
        for name in sorted({name for name, value in pairs if len(value.encode()) > self.label_value_length}):
            found.append(f"a value of label {name} is longer than limits_config.max_label_value_length")
        if self.known:
            found += self._problems_of_time(span, now_ms)
        return found

    def _problems_of_time(self, span: Interval, now_ms: int) -> list[str]:
        found = []
        age_ms = now_ms - span.start_ms
        if self.oldest_ms and age_ms > self.oldest_ms:
            hours = -(-age_ms // HOUR) + 1
            found.append(
                f"the first lines are of {rfc3339(span.start_ms)}, and it takes none older than "
                f"{format_duration(self.oldest_ms)}; set limits_config.reject_old_samples_max_age: {hours}h "
                "(or reject_old_samples: false)"
            )
        if span.end_ms - now_ms > self.newest_ms:
            found.append(
                f"the last lines are of {rfc3339(span.end_ms)}, and it takes none from further ahead than "
                f"{format_duration(self.newest_ms)} (limits_config.creation_grace_period)"
            )
        if self.index_from_ms is not None and span.start_ms < self.index_from_ms:
            day = datetime.fromtimestamp(span.start_ms / 1000, UTC).date()
            found.append(
                f"its index begins on {rfc3339(self.index_from_ms)[:10]}, and what is older is lost; set "
                f"schema_config.configs[0].from: {day.isoformat()} or earlier"
            )
        return found


def read_limits(text: str) -> Limits:
    """The limits in what a server shows on `/config`, YAML. What it does not say is as documented."""
    try:
        loaded = YAML(typ="safe").load(text)
    except YAMLError:
        return Limits()
    if not isinstance(loaded, Mapping) or not isinstance(loaded.get("limits_config"), Mapping):
        return Limits()
    own = loaded["limits_config"]
    found: dict[str, Any] = {}

    def take(field: str, key: str, read: Callable[[object], float | int], section: Mapping[str, Any] = own) -> None:
        try:
            found[field] = read(section[key])
        except (KeyError, TypeError, ValueError):
            pass  # as documented

    take("line_bytes", "max_line_size", _size)
    take("rate_bytes", "ingestion_rate_mb", _mebibytes)
    take("burst_bytes", "ingestion_burst_size_mb", _mebibytes)
    take("stream_rate_bytes", "per_stream_rate_limit", _size)
    take("stream_burst_bytes", "per_stream_rate_limit_burst", _size)
    take("label_names", "max_label_names_per_series", _whole)
    take("label_name_length", "max_label_name_length", _whole)
    take("label_value_length", "max_label_value_length", _whole)
    take("streams", "max_global_streams_per_user", _whole)
    take("oldest_ms", "reject_old_samples_max_age", _duration)
    if own.get("reject_old_samples") is False:
        found["oldest_ms"] = 0
    take("newest_ms", "creation_grace_period", _duration)
    ingester = loaded.get("ingester")
    if isinstance(ingester, Mapping):
        take("window_ms", "max_chunk_age", lambda value: _duration(value) // 2, ingester)
    take("index_from_ms", "schema_config", _first_day, loaded)
    return replace(Limits(known=True), **found)


def parse_size(text: str) -> int:
    """Bytes of `256KB`, `3MB`, `64MiB` or `1000`; K, M, G are powers of 1024, as Loki reads them. Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size; write one like 500KB or 4MB")
    return round(float(match[1]) * _UNITS[match[2].upper()])


def _size(value: object) -> int:
    return parse_size(str(value))


def _mebibytes(value: object) -> float:
    return float(str(value)) * MEBI


def _whole(value: object) -> int:
    return int(str(value))


def _duration(value: object) -> int:
    return parse_duration(str(value))


def _first_day(value: object) -> int:
    if not isinstance(value, Mapping):
        raise TypeError("not a mapping")
    days = [_day(one["from"]) for one in value["configs"]]
    return min(days)


def _day(value: object) -> int:
    day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
