"""The real platforms that `crybsim catalog diff` and `learn` hold the catalogue against."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from simulator.catalog.catalogue import Catalogue
from simulator.catalog.exposed import ExposedFamily
from simulator.clock import Clock
from simulator.errors import InputError, UnobservedError
from simulator.observers.exposed import exposed_by
from simulator.observers.prometheus import PrometheusApi
from simulator.transport import http_client
from simulator.wire.exposition_text import read_exposition

_ACCEPT = {"Accept": "text/plain;version=0.0.4"}


@dataclass(frozen=True)
class Source:
    """A platform that was looked at. `whole`: all of it, not the answer of one target."""

    families: tuple[ExposedFamily, ...]
    whole: bool

    @property
    def jobs(self) -> list[str]:
        """The jobs that it has families of."""
        return list(dict.fromkeys(family.job for family in self.families))


def read_source(
    source: str, catalogue: Catalogue, clock: Clock, *, job: str | None, allowed: Collection[str]
) -> Source:
    """An exposition (file or URL), or all jobs of a running Prometheus (URL).

    Raises UnobservedError where it cannot be read, InputError where nobody can tell whose exposition it is, or for a
    host that was not allowed.
    """
    if source.startswith(("http://", "https://")):
        found = _from_url(source, clock, allowed)
    else:
        found = _from_text(_read(Path(source)), source)
    if any(family.job for family in found):
        return Source(tuple(family for family in found if job in (None, family.job)), whole=True)
    name = job or _job_of(found, catalogue, source)
    return Source(tuple(replace(family, job=name) for family in found), whole=False)


def _from_url(url: str, clock: Clock, allowed: Collection[str]) -> tuple[ExposedFamily, ...]:
    address = httpx.URL(url)
    with http_client(f"{address.scheme}://{address.netloc.decode()}", allowed=allowed, headers=_ACCEPT) as client:
        try:
            answer = client.get(address.raw_path.decode())
            if address.path in ("", "/") or not _is_exposition(answer):
                with http_client(url.rstrip("/"), allowed=allowed) as prometheus:
                    return exposed_by(PrometheusApi(prometheus), clock)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise UnobservedError(f"{url}: did not answer: {error or type(error).__name__}") from error
    return _from_text(answer.text, url)


def _is_exposition(answer: httpx.Response) -> bool:
    kind = str(answer.headers.get("content-type", ""))
    return kind.startswith(("text/plain", "application/openmetrics-text"))


def _from_text(text: str, source: str) -> tuple[ExposedFamily, ...]:
    try:
        found = read_exposition(text, "")
    except ValueError as error:
        raise UnobservedError(f"{source}: {error}") from error
    if not found:
        raise UnobservedError(f"{source}: has no metric at all")
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UnobservedError(f"{path}: cannot be read: {reason}") from error


def _job_of(found: tuple[ExposedFamily, ...], catalogue: Catalogue, source: str) -> str:
    """The job of the catalogue that has most names in common with an exposition."""
    names = {family.name for family in found}
    common = {job.name: 0 for job in catalogue.exposing_jobs}
    for family in catalogue.families:
        common[family.job] += family.name in names
    best = max(common, key=lambda job: common[job], default="")
    if not best or not common[best]:
        jobs = ", ".join(common)
        raise InputError(f"{source}: no name of it is in the catalogue; say whose it is with --job (jobs: {jobs})")
    return best
