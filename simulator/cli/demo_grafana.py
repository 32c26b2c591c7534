"""The part of `crybsim demo` that lets a Grafana in: a further address for Prometheus, and what is made by its API."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from simulator.cli.validate_stack import GRAFANA_TOKEN, client_for
from simulator.errors import InputError
from simulator.profile.settings import load_settings
from simulator.rehearsal.dashboards.grafana import FOLDER_TITLE, DataSource, Grafana
from simulator.stack.gateway import Gateway, split_listen
from simulator.transport import is_loopback

GrafanaOption = Annotated[
    str | None,
    typer.Option(
        "--grafana-url",
        metavar="URL",
        help=f"Make the data source and the dashboards in this Grafana; its token: {GRAFANA_TOKEN}.",
    ),
]
ListenOption = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="ADDRESS[:PORT]",
        help="Let Prometheus be reached under this address of the machine, too, as from a container (172.17.0.1).",
    ),
]

_FROM_CONTAINERS: Final = "host.docker.internal"
"""What containers call the machine that they run on."""


@contextmanager
def opened_to(listen: str | None, prometheus_url: str) -> Iterator[Gateway | None]:
    """Let a local Prometheus be reached under a further address meanwhile. Raises InputError."""
    if listen is None:
        yield None
        return
    address, port = split_listen(listen)
    inner = httpx.URL(prometheus_url).port or 0
    with Gateway(address, port or (0 if address in ("0.0.0.0", "::") else inner), inner) as gateway:  # noqa: S104
        if not is_loopback(address):
            where = "every network that this machine is in" if gateway.is_everywhere else f"whoever reaches {address}"
            typer.echo(
                f"warning: Prometheus listens on {gateway.url()}, without a password, for {where}; it has simulated "
                "data only",
                err=True,
            )
        yield gateway


def fill_grafana(url: str, prometheus_url: str, gateway: Gateway | None, dashboards: Sequence[Path]) -> dict[str, str]:
    """Make data source, folder and dashboards. Returns where each is, by title. Raises InputError, UndeliveredError."""
    token = os.environ.get(GRAFANA_TOKEN)
    if not token:
        raise InputError(f"--grafana-url: put the token of a service account with role Admin into {GRAFANA_TOKEN}")
    source = DataSource("prometheus", _seen_from(url, prometheus_url, gateway))
    with client_for(url, "--grafana-url", load_settings(), {"Authorization": f"Bearer {token}"}) as client:
        places = Grafana(client).fill([source], dashboards)
    typer.echo(f"{url}: data source {source.url}, {len(places)} dashboards in folder {FOLDER_TITLE!r}", err=True)
    return places


def _seen_from(grafana_url: str, prometheus_url: str, gateway: Gateway | None) -> str:
    """Prometheus's address as that Grafana may reach it."""
    if gateway is None:
        return prometheus_url
    if not gateway.is_everywhere:
        return gateway.url()
    host = httpx.URL(grafana_url).host
    return gateway.url(_FROM_CONTAINERS if is_loopback(host) else _address_towards(host))


def _address_towards(host: str) -> str:
    """The address under which this machine speaks to another one; nothing is sent."""
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(place)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise InputError(f"--grafana-url: {host}: {error.strerror or error}") from error
