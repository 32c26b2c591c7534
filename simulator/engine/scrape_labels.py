"""The labels under which a scrape's samples are stored: those of the target, those exposed, and where they clash.

Source: scrape/target.go (`PopulateLabels`) and scrape/scrape.go (`mutateSampleLabels`) of Prometheus 2.42.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from simulator.engine.groups import METRIC_NAME
from simulator.engine.host_port import split_host_port
from simulator.engine.relabel import Relabelling
from simulator.telemetry.samples import Labels, labels_of
from simulator.units import parse_duration

_METRIC_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_DEFAULT_PORTS: Final = {"http": "80", "": "80", "https": "443"}


def target_labels(discovered: Mapping[str, str], relabel: Relabelling, *, default_ports: bool) -> Labels | None:
    """The labels that a target gives to its samples; None where it is not scraped.

    `discovered` is what relabelling starts from: `__address__`, `__scheme__`, `__metrics_path__`, `job`, parameters as
    `__param_…`, `__scrape_interval__`, `__scrape_timeout__`, and the labels of the target's group. `default_ports`: as
    before Prometheus 3.0, an address without a port gets its scheme's, and so does the `instance` made of it.
    """
    labels = relabel.apply(discovered)
    if labels is None or not labels.get("__address__") or not _has_timing(labels):
        return None
    address = labels["__address__"]
    if default_ports and split_host_port(address) is None and split_host_port(f"{address}:1234") is not None:
        port = _DEFAULT_PORTS.get(labels.get("__scheme__", ""))
        if port is None:
            return None
        address = f"{address}:{port}"
    if "/" in address:
        return None
    labels.setdefault("instance", address)
    return labels_of({name: value for name, value in labels.items() if not name.startswith("__")})


def _has_timing(labels: Mapping[str, str]) -> bool:
    """Whether interval and timeout, which relabelling can change as well, are such that Prometheus scrapes."""
    try:
        interval_ms = parse_duration(labels.get("__scrape_interval__", ""))
        timeout_ms = parse_duration(labels.get("__scrape_timeout__", ""))
    except ValueError:
        return False
    return 0 < timeout_ms <= interval_ms


def stored_labels(
    exposed: Mapping[str, str], target: Labels, metric_relabel: Relabelling, *, honor_labels: bool
) -> Labels | None:
    """The labels of an exposed sample (`__name__` is one of them) as stored; None where relabelling drops it.

    What is not `is_storable` makes Prometheus take the whole scrape for failed.
    """
    merged = dict(exposed)
    clashing = []
    for name, value in target:
        if honor_labels:
            merged.setdefault(name, value)  # exposed as empty, it stays empty
            continue
        if merged.get(name):
            clashing.append((name, merged[name]))
        merged[name] = value
    taken = {*exposed, *dict(target)}
    for name, value in sorted(clashing, key=lambda label: len(label[0])):
        while name in taken:
            name = f"exported_{name}"
        taken.add(name)
        merged[name] = value
    labels = metric_relabel.apply(merged)
    return labels_of(labels) if labels else None


def is_storable(labels: Labels) -> bool:
    """Whether there is a metric's name, and every name is one: else the whole scrape fails (before Prometheus 3.0)."""
    named = dict(labels)
    return bool(_METRIC_NAME.fullmatch(named.get(METRIC_NAME, ""))) and all(map(_LABEL_NAME.fullmatch, named))
