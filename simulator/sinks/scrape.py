"""Answers scrapes in the platform's stead: as the proxy of a Prometheus, or directly for a person with curl.

A proxied scrape says three things: the job (the proxy's user), the target (a URL parameter of the copied
configuration, or else the address), and what it wants. The routes say who stands in for that target.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

import httpx
import numpy as np
from numpy.typing import NDArray

from simulator.clock import Clock
from simulator.errors import InputError, did_you_mean
from simulator.telemetry.routes import TARGET_PARAMETER, Route, read_routes
from simulator.telemetry.samples import FamilyBlock, Labels, SampleSource
from simulator.transport import http_client
from simulator.wire.exposition import CONTENT_TYPE, encode_families

OWN_PATH: Final = "/metrics/crybsim"
"""Where the emitter tells of itself. No job of the catalogue has a path of one part."""

PLAIN_TEXT: Final = "text/plain; charset=utf-8"
DISCOVERY_PATH: Final = "/sd"
_FORWARDED: Final = ("accept", "user-agent", "x-prometheus-scrape-timeout-seconds")
_DEFAULT_TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True)
class ScrapeRequest:
    """A GET as it came: `target` is a path, or a whole URL where the server is used as a proxy. Header names are
    in lower case."""

    target: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    content_type: str = PLAIN_TEXT


class RefusedError(Exception):
    """The target is down: the connection has to end without an answer."""


class RouteFile:
    """The routes in a file, read again whenever it changes: Prometheus's own port is known last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._routes: dict[tuple[str, str], Route] = {}

    def find(self, job: str, target: str, address: str) -> Route | None:
        """The route of a job's target: by the target's name, by the address scraped, or the job's only one.

        Raises InputError while there is no readable file.
        """
        routes = self._current()
        found = routes.get((job, target)) or routes.get((job, address))
        if found is None:
            of_job = [route for route in routes.values() if route.job == job]
            found = of_job[0] if len(of_job) == 1 and not target else None
        return found

    def jobs(self) -> set[str]:
        """The jobs that have routes."""
        return {route.job for route in self._routes.values()}

    def _current(self) -> dict[tuple[str, str], Route]:
        try:
            stat = self._path.stat()
        except FileNotFoundError as error:
            raise InputError(f"{self._path}: no routes yet") from error
        version = (stat.st_mtime_ns, stat.st_ino)
        if version != self._seen:
            self._routes = {(route.job, route.target): route for route in read_routes(self._path)}
            self._seen = version
        return self._routes


class ScrapeSink:
    """The emitter's answers. May be asked from several threads.

    `labels` are what service discovery gives every target beside `job` and `instance`; `own` are the emitter's own
    metrics at some instants, which it shows at OWN_PATH.
    """

    def __init__(
        self,
        source: SampleSource,
        clock: Clock,
        routes: RouteFile | None = None,
        *,
        labels: Labels = (),
        own: Callable[[NDArray[np.int64]], Sequence[FamilyBlock]] | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._routes = routes
        self._labels = labels
        self._own = own
        self._one_at_a_time = threading.Lock()
        self._clients: dict[str, httpx.Client] = {}

    def answer(self, request: ScrapeRequest) -> Answer:
        """The answer; blocks while a real server is asked. Raises RefusedError for a target that is down."""
        url = urlsplit(request.target)
        if url.scheme:
            return self._proxied(url, request.headers)
        if url.path == DISCOVERY_PATH:
            return self._discovery(request.headers.get("host", ""), parse_qsl(url.query, keep_blank_values=True))
        return self._direct(url.path)

    def warm_up(self) -> None:
        """Answer once for each job: a first answer builds tables and may take longer than a scrape has."""
        for job in self._source.jobs():
            for instance in self._source.instances(job)[:1]:
                self._render(job, instance, self._clock.now_ms())

    def close(self) -> None:
        """Let go of the connections to real servers."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _proxied(self, url: SplitResult, headers: Mapping[str, str]) -> Answer:
        job = _proxy_user(headers.get("proxy-authorization", ""))
        if job is None:
            return _problem(407, "the user of proxy_url has to name the scrape job (http://JOB@127.0.0.1:PORT)")
        if self._routes is None:
            return _problem(503, "this emitter was started without --routes")
        target = dict(parse_qsl(url.query)).get(TARGET_PARAMETER, "")
        with self._one_at_a_time:
            try:
                route = self._routes.find(job, target, url.netloc)
            except InputError as error:
                return _problem(503, str(error))
            known = self._routes.jobs()
        if route is None:
            hint = did_you_mean(job, known) if job not in known else ""
            return _problem(404, f"no route for target {target or url.netloc!r} of job {job!r}{hint}")
        if route.upstream:
            return self._forward(route.upstream, url, headers)
        return (
            self._exposition(route.catalogue_job, route.instance) if route.is_mapped else Answer(200, b"", CONTENT_TYPE)
        )

    def _direct(self, path: str) -> Answer:
        parts = [unquote(part) for part in path.split("/")[1:]]
        if parts[0] == "metrics" and len(parts) == 3:
            _, job, instance = parts
            if job in self._source.jobs() and instance in self._source.instances(job):
                return self._exposition(job, instance)
            names = {f"{job}/{instance}" for job in self._source.jobs() for instance in self._source.instances(job)}
            return _problem(404, f"nothing at {path}{did_you_mean(f'{job}/{instance}', names)}")
        if path == OWN_PATH and self._own is not None:
            now_ms = np.array([self._clock.now_ms()], dtype=np.int64)
            return Answer(200, encode_families(self._own(now_ms), 0), CONTENT_TYPE)
        if path == "/":
            lines = [
                f"{_path(job, instance)}\n" for job in self._source.jobs() for instance in self._source.instances(job)
            ]
            if self._own is not None:
                lines.append(f"{OWN_PATH}\n")
            return Answer(200, "".join(lines).encode())
        return _problem(404, f"nothing at {path}; / lists what there is")

    def _discovery(self, host: str, query: list[tuple[str, str]]) -> Answer:
        """Targets as https://prometheus.io/docs/prometheus/latest/http_sd/ wants them, of all jobs or of `?job=`s.

        They are where whoever asks has reached us: the address may be that of a tunnel.
        """
        if not host:
            return _problem(400, "without a Host header there is no address to give")
        known = self._source.jobs()
        jobs = [value for name, value in query if name == "job"]
        for job in jobs:
            if job not in known:
                return _problem(404, f"there is no job {job!r}{did_you_mean(job, known)}")
        groups = [
            {
                "targets": [host],
                "labels": {
                    "job": job,
                    "instance": instance,
                    "__metrics_path__": _path(job, instance),
                    **dict(self._labels),
                },
            }
            for job in jobs or known
            for instance in self._source.instances(job)
        ]
        return Answer(200, json.dumps(groups, indent=1).encode(), "application/json")

    def _exposition(self, job: str, instance: str) -> Answer:
        with self._one_at_a_time:
            now_ms = self._clock.now_ms()
            if not self._source.is_up(job, instance, now_ms):
                raise RefusedError(f"{job}/{instance} is down")
            return Answer(200, self._render(job, instance, now_ms), CONTENT_TYPE)

    def _render(self, job: str, instance: str, now_ms: int) -> bytes:
        return encode_families(self._source.blocks(job, instance, np.array([now_ms], dtype=np.int64)), 0)

    def _forward(self, upstream: str, url: SplitResult, headers: Mapping[str, str]) -> Answer:
        """Ask the real server; what it does not answer, the target does not answer."""
        base = urlsplit(upstream)
        path = base.path if base.path.strip("/") else url.path
        query = [(name, value) for name, value in parse_qsl(url.query, True) if name != TARGET_PARAMETER]
        passed = {name: headers[name] for name in _FORWARDED if name in headers}
        passed["connection"] = "close"  # one that its server closes meanwhile would look like a target that is down
        try:
            timeout = float(headers.get("x-prometheus-scrape-timeout-seconds", _DEFAULT_TIMEOUT_SECONDS))
        except ValueError:
            timeout = _DEFAULT_TIMEOUT_SECONDS
        try:
            response = self._client(f"{base.scheme}://{base.netloc}").get(
                path + (f"?{urlencode(query)}" if query else ""), headers=passed, timeout=timeout
            )
        except httpx.TransportError as error:
            raise RefusedError(f"{upstream}: {error}") from error
        return Answer(response.status_code, response.content, response.headers.get("content-type", PLAIN_TEXT))

    def _client(self, base_url: str) -> httpx.Client:
        with self._one_at_a_time:
            if base_url not in self._clients:
                self._clients[base_url] = http_client(base_url)
            return self._clients[base_url]


def _path(job: str, instance: str) -> str:
    return f"/metrics/{quote(job, safe='')}/{quote(instance, safe='')}"


def _proxy_user(header: str) -> str | None:
    """The user of `Basic …` (RFC 7617), or None when the header is not that."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _problem(status: int, text: str) -> Answer:
    return Answer(status, f"{text}\n".encode())
