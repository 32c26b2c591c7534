"""A real Prometheus prepared for virtual time, one for each module that wants it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.engine.server import RuleServer
from simulator.stack.binaries import Binaries, find_binaries
from simulator.stack.local import LocalStack
from simulator.stack.virtual import start_virtual_prometheus
from simulator.transport import http_client


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """Prometheus and its tools; a machine without them fails (`make install` brings them)."""
    return find_binaries()


@pytest.fixture(scope="module")
def rule_server(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuleServer]:
    """Empty at the start of a module; every test writes series of its own names."""
    folder: Path = tmp_path_factory.mktemp("virtual")
    stack = LocalStack(folder, prometheus=binaries.prometheus.path, alertmanager=binaries.alertmanager.path)
    with stack:
        url = start_virtual_prometheus(stack, "global: {evaluation_interval: 30s}\n")
        with http_client(url, timeout=60) as client:
            yield RuleServer(client)
