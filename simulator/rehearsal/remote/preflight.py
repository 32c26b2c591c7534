"""Whether a Prometheus would take a past by remote write, before anything is sent: as it says of itself.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#status. A receiver that tells nothing of the kind is
no Prometheus, or does not want to be asked; then only sending shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.clock import rfc3339
from simulator.errors import InputError, UnobservedError
from simulator.observers import PrometheusApi
from simulator.units import DAY, HOUR, format_duration, parse_duration

_KEPT_BY_DEFAULT_MS: Final = 15 * DAY
_TAKEN_ANYHOW_MS: Final = HOUR
"""A head takes what is no older than half of its shortest block before its newest sample."""


def check_receiver(api: PrometheusApi, from_ms: int, now_ms: int) -> None:
    """Raises InputError with a line for each thing to set, where samples from `from_ms` on would not stay."""
    try:
        flags = api.get("/api/v1/status/flags")
        head = api.get("/api/v1/status/tsdb")["headStats"]
        config = YAML(typ="safe").load(api.get("/api/v1/status/config")["yaml"])
        problems = list(_problems(flags, head, config or {}, from_ms, now_ms))
    except (UnobservedError, YAMLError, KeyError, TypeError, ValueError):
        return
    if problems:
        raise InputError(*problems)


def _problems(
    flags: Mapping[str, str], head: Mapping[str, int], config: Mapping[str, Any], from_ms: int, now_ms: int
) -> Iterator[str]:
    if flags.get("web.enable-remote-write-receiver") == "false":
        yield "Prometheus takes no remote write; start it with --web.enable-remote-write-receiver"
    days = f"{-(-(now_ms - from_ms) // DAY) + 1}d"
    newest_ms = int(head["maxTime"])
    is_empty = int(head["numSeries"]) == 0 or newest_ms <= 0
    tsdb = (config.get("storage") or {}).get("tsdb") or {}
    window_ms = parse_duration(str(tsdb.get("out_of_order_time_window") or "0s"))
    if not is_empty and from_ms < newest_ms - max(_TAKEN_ANYHOW_MS, window_ms):
        yield (
            f"Prometheus has samples of {rfc3339(newest_ms)} and takes none that are much older; set "
            f"storage.tsdb.out_of_order_time_window: {days} in its prometheus.yml"
        )
    kept = parse_duration(flags.get("storage.tsdb.retention.time") or "0s")
    if from_ms < now_ms - (kept or _KEPT_BY_DEFAULT_MS):
        kept_for = format_duration(kept or _KEPT_BY_DEFAULT_MS)
        yield f"Prometheus keeps samples for {kept_for}; start it with --storage.tsdb.retention.time={days} or more"
