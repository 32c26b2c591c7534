"""The platform of a live run as processes: the reference API's instances, the emitter, and the load on them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simulator.load.accounts import accounts_of
from simulator.load.api_accounts import Instance, UnaccountedError, count
from simulator.load.locust_run import LocustRun
from simulator.profile.manifest import Manifest
from simulator.profile.schema import Scenario
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.processes import Children, ComingService, begin_service, spawn
from simulator.telemetry.observations import LoadEnded

READY_WITHIN_SECONDS = 300.0  # on a new machine, kernels are compiled first


class LivePlatform:
    """Starts what a live run needs besides the servers that judge it. Every process goes into `children`."""

    def __init__(self, run: RunFolder, manifest: Manifest, children: Children) -> None:
        self._run = run
        self._manifest = manifest
        self._children = children
        self.api_urls: list[str] = []
        self.scrape_url = ""

    @property
    def routes(self) -> Path:
        """Where the emitter looks up who stands in for which target."""
        return self._run.configs / "scrape-routes.json"

    def start(self, api_port: int = 0, scrape_port: int = 0, label: tuple[str, str] | None = None) -> None:
        """API and emitter at the same time: each of them takes seconds of one core until it is ready."""
        api, emitter = self._begin_api(api_port), self._begin_emitter(scrape_port, label)
        self._await_api(api)
        self._await_emitter(emitter)

    def start_api(self, first_port: int = 0) -> None:
        """One process for each API instance; with a port given, they listen on it and the ones after it."""
        self._await_api(self._begin_api(first_port))

    def start_emitter(self, port: int = 0, label: tuple[str, str] | None = None) -> None:
        """The emitter, which also stands in for the targets of the copied prometheus.yml; `label`: on every series."""
        self._await_emitter(self._begin_emitter(port, label))

    def start_load(self, workers: int, allowed_hosts: tuple[str, ...]) -> LocustRun:
        """Locust, which waits for the manifest's start by itself."""
        load = LocustRun(
            self._run.manifest, self.api_urls, self._run.path, spawn, workers=workers, allowed_hosts=allowed_hosts
        )
        self._children.callback(load.stop)
        load.start()
        return load

    def account(self, load: LocustRun, ended: LoadEnded) -> LoadEnded:
        """The totals of a load that is over, held against what the API counted; it has to run still."""
        instances = [
            Instance(f"api-{number}", url, self._log(f"api-{number}"))
            for number, url in enumerate(self.api_urls, start=1)
        ]
        calls = Scenario.VOICE in self._manifest.profile.load.scenarios
        try:
            counted = count(instances, load.given_up, calls=calls)
        except UnaccountedError as why:
            return replace(ended, unaccounted=str(why))
        return replace(ended, accounts=accounts_of(ended.totals, counted))

    def _log(self, name: str) -> Path:
        return self._run.logs / f"{name}.jsonl"

    def _begin_api(self, first_port: int) -> list[ComingService]:
        coming = []
        for number in range(1, self._manifest.profile.platform.instances.api + 1):
            port = first_port + number - 1 if first_port else 0
            name = f"api-{number}"
            arguments = ("--instance", name, "--port", port, "--log-file", self._log(name))
            coming.append(self._begin(name, "api", *arguments))
        return coming

    def _await_api(self, coming: Sequence[ComingService]) -> None:
        self.api_urls += [service.wait(READY_WITHIN_SECONDS).urls["api"] for service in coming]

    def _begin_emitter(self, port: int, label: tuple[str, str] | None) -> ComingService:
        logs = self._run.logs / "platform"
        labelled = ("--label", "=".join(label)) if label else ()
        return self._begin("emitter", "emit", "--routes", self.routes, "--logs", logs, "--port", port, *labelled)

    def _await_emitter(self, coming: ComingService) -> None:
        self.scrape_url = coming.wait(READY_WITHIN_SECONDS).urls["scrape"]

    def _begin(self, name: str, command: str, *arguments: str | int | Path) -> ComingService:
        service = begin_service(
            [sys.executable, "-m", "simulator", command, "--manifest", self._run.manifest, *map(str, arguments)],
            name=name,
            log=self._run.logs / f"{name}.log",
        )
        self._children.add(service)
        return service
