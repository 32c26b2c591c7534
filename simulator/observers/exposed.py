"""What a running Prometheus holds: families by job, from its metadata and its series.

Source of the API: https://prometheus.io/docs/prometheus/latest/querying/api/ (`metadata`, `series`, `label/job/values`)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from simulator.catalog.exposed import ExposedFamily
from simulator.clock import Clock
from simulator.observers.prometheus import PrometheusApi
from simulator.telemetry.samples import MetricType
from simulator.units import HOUR
from simulator.wire.exposition_text import FamilySketch, family_of, type_named

_SPAN_MS: Final = HOUR
_OF_SCRAPES: Final = frozenset({"up"})
_ALWAYS_OF_TARGETS: Final = frozenset({"__name__", "job", "instance"})


def exposed_by(api: PrometheusApi, clock: Clock) -> tuple[ExposedFamily, ...]:
    """Every family that a job exposed within the last hour. Raises UnobservedError when it does not answer."""
    types = _types(api.get("/api/v1/metadata"))
    now = clock.now_ms()
    span = {"start": f"{(now - _SPAN_MS) / 1000:.3f}", "end": f"{now / 1000:.3f}"}
    found: list[ExposedFamily] = []
    for job in api.get("/api/v1/label/job/values", **span):
        series = api.get("/api/v1/series", **span, **{"match[]": f"{{job={json.dumps(job)}}}"})
        found.extend(_families(job, series, types))
    return tuple(found)


def _types(metadata: Mapping[str, list[Mapping[str, str]]]) -> dict[str, tuple[MetricType | None, str]]:
    """Type and help by family; where targets disagree, nobody knows the type."""
    known: dict[str, tuple[MetricType | None, str]] = {}
    for name, entries in metadata.items():
        types = {type_named(entry["type"]) for entry in entries}
        known[name] = (types.pop() if len(types) == 1 else None, entries[0].get("help", ""))
    return known


def _families(
    job: str, series: list[dict[str, str]], types: Mapping[str, tuple[MetricType | None, str]]
) -> Iterable[ExposedFamily]:
    """Families of one job. Labels that every `up` series has come from the target, not from the family."""
    ups = [set(one) for one in series if one["__name__"] == "up"]
    of_targets = _ALWAYS_OF_TARGETS.union(set.intersection(*ups) if ups else ())
    names = {one["__name__"] for one in series}
    histograms = {name.removesuffix("_bucket") for name in names if name.endswith("_bucket")}
    sketches: dict[str, FamilySketch] = {}
    for one in series:
        name = one["__name__"]
        if name in _OF_SCRAPES or name.startswith("scrape_"):
            continue
        family = family_of(name, {**dict.fromkeys(histograms), **types})
        if family not in sketches:
            kind, text = types.get(family, (MetricType.HISTOGRAM if family in histograms else None, ""))
            sketches[family] = FamilySketch(family, kind, text)
        own = {label: value for label, value in one.items() if label not in of_targets}
        sketches[family].see(name, own, None)
    return [sketch.finished(job) for sketch in sketches.values()]
