"""The real Prometheus as a rule evaluation uses it: queries at simulated instants, and results written back.

Sources: https://prometheus.io/docs/prometheus/latest/querying/api/ and
https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import numpy as np
import orjson
from numpy.typing import NDArray

from simulator.engine.state import Vector
from simulator.errors import SimulatorError, UnobservedError
from simulator.telemetry.samples import Labels, labels_of
from simulator.wire.remote_write import CONTENT_HEADERS, LabelTable, compress, encode_write_request

MAX_POINTS: Final = 11_000
"""The most evaluations of one range query (a limit of the API)."""

SAMPLES_PER_WRITE: Final = 200_000
_REFUSED: Final = "bad_data"


class QueryError(Exception):
    """The expression failed. `always` is set where it would at any instant: it does not parse, or is no vector."""

    def __init__(self, message: str, *, always: bool) -> None:
        super().__init__(message)
        self.always = always


@dataclass(frozen=True)
class RangeResult:
    """A vector at each instant of a range: `values[s, t]` of the series `labels[s]` where `present[s, t]`."""

    labels: tuple[Labels, ...]
    present: NDArray[np.bool_]
    values: NDArray[np.float64]

    def at(self, column: int) -> Vector:
        """The vector at one instant."""
        return [(self.labels[row], float(self.values[row, column])) for row in np.flatnonzero(self.present[:, column])]


@dataclass(frozen=True)
class WrittenSeries:
    """Samples of one series, rising in time. Labels include `__name__`; a value may be a stale marker."""

    labels: Labels
    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]


class RuleServer:
    """A Prometheus with its remote-write receiver on.

    Methods raise UnobservedError when it does not answer, or not as the API says.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def vector(self, expr: str, at_ms: int) -> Vector:
        """The result at one instant; a scalar counts as a vector with one nameless element, as in a rule.

        Raises QueryError.
        """
        data = self._query("/api/v1/query", {"query": expr, "time": _seconds(at_ms)})
        match data["resultType"]:
            case "scalar":
                return [((), float(data["result"][1]))]
            case "vector":
                return [(labels_of(item["metric"]), float(item["value"][1])) for item in data["result"]]
        raise QueryError("rule result is not a vector or scalar", always=True)

    def range(self, expr: str, times_ms: NDArray[np.int64]) -> RangeResult:
        """The results at evenly spaced instants, at most MAX_POINTS of them. Raises QueryError."""
        count = len(times_ms)
        step_ms = int(times_ms[1] - times_ms[0]) if count > 1 else 1000
        start_ms = int(times_ms[0])
        data = self._query(
            "/api/v1/query_range",
            {"query": expr, "start": _seconds(start_ms), "end": _seconds(int(times_ms[-1])), "step": f"{step_ms}ms"},
        )
        found = data["result"]
        present = np.zeros((len(found), count), dtype=np.bool_)
        values = np.zeros((len(found), count))
        for row, item in enumerate(found):
            points = item["values"]
            columns = np.rint((np.array([at for at, _ in points]) * 1000 - start_ms) / step_ms).astype(np.intp)
            present[row, columns] = True
            values[row, columns] = [float(value) for _, value in points]
        return RangeResult(tuple(labels_of(item["metric"]) for item in found), present, values)

    def write(self, series: Sequence[WrittenSeries]) -> None:
        """Append samples. Raises SimulatorError where the server does not take them."""
        batch: list[WrittenSeries] = []
        size = 0
        for one in series:
            batch.append(one)
            size += len(one.times_ms)
            if size >= SAMPLES_PER_WRITE:
                self._send(batch)
                batch, size = [], 0
        if batch:
            self._send(batch)

    def _send(self, batch: Sequence[WrittenSeries]) -> None:
        message = encode_write_request(
            LabelTable(one.labels for one in batch),
            np.arange(len(batch), dtype=np.int64),
            np.array([len(one.times_ms) for one in batch], dtype=np.int64),
            np.concatenate([one.times_ms for one in batch]),
            np.concatenate([one.values for one in batch]),
        )
        try:
            response = self._client.post("/api/v1/write", content=compress(message), headers=CONTENT_HEADERS)
        except httpx.HTTPError as error:
            raise UnobservedError(f"prometheus did not take results back: {error or type(error).__name__}") from error
        if response.is_server_error:
            raise UnobservedError(f"prometheus could not store results of rules: {response.text.strip()}")
        if response.is_error:
            first = dict(batch[0].labels).get("__name__", "")
            reason = response.text.strip()
            raise SimulatorError(f"prometheus refused results of rules ({first} …) written back: {reason}")

    def _query(self, path: str, parameters: dict[str, str]) -> Any:
        try:
            response = self._client.post(path, data=parameters)
            body = orjson.loads(response.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            raise UnobservedError(f"prometheus did not answer {path}: {error or type(error).__name__}") from error
        if not isinstance(body, dict) or "status" not in body:
            raise UnobservedError(f"prometheus did not answer {path} as its API says: {body!r:.200}")
        if body["status"] == "success":
            return body["data"]
        if body.get("errorType") in ("execution", _REFUSED):
            raise QueryError(str(body.get("error", "")), always=body["errorType"] == _REFUSED)
        raise UnobservedError(f"prometheus gave up on {path}: {body.get('errorType')}: {body.get('error')}")


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"
