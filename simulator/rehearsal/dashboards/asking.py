"""A Prometheus and a Loki, asked as Grafana's panels and variables ask them.

Sources: https://prometheus.io/docs/prometheus/latest/querying/api/,
https://grafana.com/docs/loki/latest/reference/loki-http-api/, and for the queries of variables
https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx

from simulator.engine.server import MAX_POINTS
from simulator.errors import RefusedError, UnobservedError
from simulator.observers import PrometheusApi
from simulator.rehearsal.standing.answers import refusal
from simulator.telemetry.interval import Interval

_LABEL_NAMES: Final = re.compile(r"label_names\((?P<match>.*)\)", re.S)
_LABEL_VALUES: Final = re.compile(r"label_values\((?:(?P<match>.+),)?\s*(?P<label>[\w.:-]+)\s*\)", re.S)
_METRICS: Final = re.compile(r"metrics\((?P<pattern>.*)\)", re.S)
_QUERY_RESULT: Final = re.compile(r"query_result\((?P<expr>.+)\)", re.S)


@dataclass(frozen=True)
class Shown:
    """The time that a panel shows, and the step between its points (ms)."""

    span: Interval
    step_ms: int

    def __post_init__(self) -> None:
        assert self.span.length_ms // self.step_ms < MAX_POINTS


class Server(Protocol):
    """What panels are asked of. Methods raise UnobservedError where it does not answer, RefusedError where it does not
    take the question."""

    def points(self, expr: str, shown: Shown, *, instant: bool) -> int:
        """How many points a panel gets, NaN left out; -1: all that it gets is NaN."""
        ...

    def values(self, query: str, span: Interval) -> list[str]:
        """What a variable's query finds."""
        ...


class PrometheusServer:
    """The panels' questions to a Prometheus."""

    def __init__(self, api: PrometheusApi) -> None:
        self.api = api

    def points(self, expr: str, shown: Shown, *, instant: bool = False) -> int:
        if instant:
            result = self._query(expr, shown.span.end_ms)
            found = [float(item["value"][1]) for item in result]
        else:
            data = self.api.get(
                "/api/v1/query_range", query=expr, **_of(shown.span), step=f"{max(shown.step_ms, 1) / 1000:.3f}"
            )
            found = [float(value) for item in data["result"] for _, value in item["values"]]
        numbers = sum(not math.isnan(value) for value in found)
        return numbers or (-1 if found else 0)

    def values(self, query: str, span: Interval) -> list[str]:
        query = query.strip()
        if found := _LABEL_VALUES.fullmatch(query):
            return self.label_values(found["label"], span, found["match"] or "")
        if found := _LABEL_NAMES.fullmatch(query):
            match = {"match[]": found["match"].strip()} if found["match"].strip() else {}
            return list(self.api.get("/api/v1/labels", **_of(span), **match))
        if found := _METRICS.fullmatch(query):
            pattern = _compiled(found["pattern"].strip())
            return [name for name in self.label_values("__name__", span) if pattern.search(name)]
        if found := _QUERY_RESULT.fullmatch(query):
            result = self._query(found["expr"], span.end_ms)
            return [f"{_written(item['metric'])} {item['value'][1]} {item['value'][0] * 1000:.0f}" for item in result]
        return [_written(labels) for labels in self.api.get("/api/v1/series", **_of(span), **{"match[]": query})]

    def label_values(self, label: str, span: Interval, match: str = "") -> list[str]:
        """The values of a label, of the series that a selector matches where one is given."""
        matching = {"match[]": match.strip()} if match.strip() else {}
        return list(self.api.get(f"/api/v1/label/{label}/values", **_of(span), **matching))

    def has(self, selector: str, span: Interval) -> bool:
        """Whether any series matches. Where samples are old, the server looks at whole blocks: a little too much."""
        return bool(self.label_values("__name__", span, selector))

    def _query(self, expr: str, at_ms: int) -> Sequence[Any]:
        data = self.api.get("/api/v1/query", query=expr, time=f"{at_ms / 1000:.3f}")
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        return data["result"] if data["resultType"] == "vector" else ()


class LokiServer:
    """The panels' questions to a Loki."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def points(self, expr: str, shown: Shown, *, instant: bool = False) -> int:
        step = "1" if instant else f"{max(shown.step_ms, 1000) / 1000:.3f}"
        result = self._get("query_range", query=expr, **_of(shown.span), step=step, limit="10")["result"]
        return sum(len(item["values"]) for item in result)

    def values(self, query: str, span: Interval) -> list[str]:
        query = query.strip()
        if found := _LABEL_VALUES.fullmatch(query):
            match = {"query": found["match"].strip()} if found["match"] else {}
            return list(self._get(f"label/{found['label']}/values", **_of(span), **match) or ())
        return list(self._get("labels", **_of(span)) or ()) if _LABEL_NAMES.fullmatch(query) else []

    def _get(self, path: str, **parameters: str) -> Any:
        try:
            response = self._client.get(f"/loki/api/v1/{path}", params=parameters)
            if response.is_error:
                raise RefusedError(f"loki refused {path}: {refusal(ValueError(response.text))}")
            return response.json()["data"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise UnobservedError(f"loki did not answer {path}: {refusal(error)}") from error


def _of(span: Interval) -> dict[str, str]:
    """Start and end as both servers take them: seconds with a fraction."""
    return {"start": f"{span.start_ms / 1000:.3f}", "end": f"{span.end_ms / 1000:.3f}"}


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise RefusedError(f"{pattern!r} is no regular expression: {error}") from error


def _written(labels: dict[str, str]) -> str:
    """A series as Grafana writes it for a variable's regex."""
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inside}}}"
