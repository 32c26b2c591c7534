"""The SLO file: OpenSLO v1 (https://github.com/OpenSLO/OpenSLO), the two kinds of indicators that the rules know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from simulator.errors import InputError
from simulator.slo import Objective
from simulator.units import format_duration, parse_duration

SLO_FILE: Final = Path(__file__).parents[1] / "monitoring" / "slo" / "cryb-api.yml"


@dataclass(frozen=True)
class AvailabilitySlo:
    """So few events may be bad over a period. `bad` and `total` select counters, `indicator` says what they count."""

    service: str
    indicator: str
    bad: str
    total: str
    objective: Objective


@dataclass(frozen=True)
class LatencySlo:
    """Such a share of events (`quantile`) is no slower than `seconds`, over any `window_ms`. `buckets` selects."""

    service: str
    indicator: str
    buckets: str
    quantile: float
    seconds: float
    window_ms: int

    @property
    def service_level(self) -> str:
        """The name that the quantile is recorded under."""
        return f"service:{self.indicator}:p{100 * self.quantile:g}_rate{format_duration(self.window_ms)}"


@dataclass(frozen=True)
class Slos:
    """Everything that the file declares."""

    availability: AvailabilitySlo
    latency: LatencySlo


def read_slos(path: Path = SLO_FILE) -> Slos:
    """The declared SLOs. Raises InputError for what this cannot make rules of."""
    documents: list[dict[str, Any]] = [one for one in YAML(typ="safe").load_all(path.read_text("utf-8")) if one]
    try:
        specs = [document["spec"] for document in documents if document["kind"] == "SLO"]
        (ratio,) = [spec for spec in specs if "ratioMetric" in spec["indicator"]["spec"]]
        (threshold,) = [spec for spec in specs if "thresholdMetric" in spec["indicator"]["spec"]]
        return Slos(_availability(ratio), _latency(threshold))
    except (KeyError, TypeError, ValueError) as error:
        wanted = "one SLO with a ratioMetric (bad, total) and one with a thresholdMetric are wanted"
        raise InputError(f"{path}: {wanted}: {error or type(error).__name__}") from error


def _availability(spec: Mapping[str, Any]) -> AvailabilitySlo:
    metric = spec["indicator"]["spec"]["ratioMetric"]
    (objective,) = spec["objectives"]
    return AvailabilitySlo(
        service=spec["service"],
        indicator=spec["indicator"]["metadata"]["name"],
        bad=_query(metric["bad"]),
        total=_query(metric["total"]),
        objective=Objective(float(objective["target"]), _window_ms(spec)),
    )


def _latency(spec: Mapping[str, Any]) -> LatencySlo:
    (objective,) = spec["objectives"]
    if objective["op"] != "lte":
        raise ValueError(f"op {objective['op']!r}: a latency is to be `lte` its value")
    return LatencySlo(
        service=spec["service"],
        indicator=spec["indicator"]["metadata"]["name"],
        buckets=_query(spec["indicator"]["spec"]["thresholdMetric"]),
        quantile=float(objective["target"]),
        seconds=float(objective["value"]),
        window_ms=_window_ms(spec),
    )


def _query(metric: Mapping[str, Any]) -> str:
    return str(metric["metricSource"]["spec"]["query"])


def _window_ms(spec: Mapping[str, Any]) -> int:
    (window,) = spec["timeWindow"]
    return parse_duration(str(window["duration"]))
