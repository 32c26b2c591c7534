"""A real Prometheus and a real Alertmanager on loopback, for one run: their data and logs in the run's own folder."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import httpx
import psutil

from simulator.errors import InputError, SimulatorError, UnobservedError
from simulator.stack.ports import port_holder
from simulator.stack.processes import Child, Children, spawn
from simulator.stack.relocated import alertmanager_program, unpacked_share
from simulator.transport import http_client

GUIDE_PROMETHEUS_PORT: Final = 9090
GUIDE_ALERTMANAGER_PORT: Final = 9093

_TRIES: Final = 5
_POLL_SECONDS: Final = 0.05
_PORT_TAKEN: Final = "address already in use"
_NO_ROOM: Final = ("no space left on device", "disk quota exceeded", "file too large", "file size limit exceeded")


class LocalStack:
    """Both servers. Start Alertmanager first: Prometheus's configuration names it.

    A context manager: whatever happens, both are stopped. `prometheus_url` and `alertmanager_url` have no slash at
    the end; the latter includes the route prefix. Port 0 means any free one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        prometheus: Path,
        alertmanager: Path,
        prometheus_port: int = 0,
        alertmanager_port: int = 0,
        ready_within_seconds: float = 60.0,
    ) -> None:
        self.prometheus_url = ""
        self.alertmanager_url = ""
        self._folder = folder.resolve()
        self._prometheus = prometheus
        self._alertmanager = alertmanager
        self._ports = {"prometheus": prometheus_port, "alertmanager": alertmanager_port}
        self._ready_within_seconds = ready_within_seconds
        self._children = Children()
        self._running: dict[str, Child] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_alertmanager(
        self, config: str, *, route_prefix: str = "", external_url: str = "", env: Mapping[str, str] | None = None
    ) -> str:
        """Start it on a configuration (already redirected) and wait until it is ready. Returns its URL.

        `external_url` is what its notifications link to, where that is not this server; `env` is its environment where
        that is not ours. Raises InputError for a configuration that it refuses or a wished port that is taken,
        SimulatorError when it does not get ready.
        """
        prefix = "/" + route_prefix.strip("/") if route_prefix.strip("/") else ""
        program = alertmanager_program(self._alertmanager, self._folder)

        def command(port: int) -> list[str | Path]:
            file = self._write_config("alertmanager.yml", config)
            flags = [
                f"--config.file={file}",
                f"--storage.path={self._data_folder('alertmanager')}",
                "--data.retention=2400h",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--web.external-url={external_url or f'http://127.0.0.1:{port}{prefix}'}",
                f"--web.route-prefix={prefix or '/'}",
                "--cluster.listen-address=",  # alone: ready at once, and no second port
            ]
            if program.share:  # a flag of Debian's build
                flags.append(f"--web.ui-path={program.share}/alertmanager/no-ui")
            return [program.path, *flags]

        port = self._start("alertmanager", command, ready_path=f"{prefix}/-/ready", cwd=program.cwd, env=env)
        self.alertmanager_url = f"http://127.0.0.1:{port}{prefix}"
        return self.alertmanager_url

    def start_prometheus(
        self,
        configure: Callable[[str], str],
        *,
        retention: str = "100y",
        flags: Sequence[str] = (),
        data: Path | None = None,
        external_url: str = "",
    ) -> str:
        """Start it and wait until it is ready. Returns its URL.

        `configure` is given the URL that Prometheus is about to have, and returns the configuration; it is asked
        again where that port turned out to be taken. `flags` are further ones; `data` is its storage where that is
        not the run folder's own; `external_url` is what alerts link to, where that is not this server. Raises as
        `start_alertmanager` does.
        """
        share = unpacked_share(self._prometheus)

        def command(port: int) -> list[str | Path]:
            url = f"http://127.0.0.1:{port}"
            file = self._write_config("prometheus.yml", configure(url))
            own = [
                f"--config.file={file}",
                f"--storage.tsdb.path={data or self._data_folder('prometheus')}",
                f"--storage.tsdb.retention.time={retention}",  # history may be of any age
                f"--web.listen-address=127.0.0.1:{port}",
                f"--web.external-url={(external_url or url).rstrip('/')}/",
                "--web.route-prefix=/",
            ]
            if share:  # a flag of Debian's build
                own.append(f"--web.local-assets={share}/web/")
            return [self._prometheus, *own, *flags]

        port = self._start("prometheus", command, ready_path="/-/ready", cwd=None, env=None)
        self.prometheus_url = f"http://127.0.0.1:{port}"
        return self.prometheus_url

    def health(self) -> Mapping[str, str]:
        """The servers that died although nobody stopped them, and how: `{"prometheus": "was killed by SIGKILL"}`."""
        return {name: child.how_it_ended() for name, child in self._running.items() if child.poll() is not None}

    def how_it_ended(self, name: str, within_seconds: float = 2.0) -> str:
        """As `health`, of a server whose connections are gone: it may take a moment more to end. Empty: it runs on."""
        deadline = time.monotonic() + within_seconds
        while self._running[name].poll() is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return self._running[name].how_it_ended()

    def pid(self, name: str) -> int:
        """The process id of `prometheus` or `alertmanager`. Raises KeyError when it was not started."""
        return self._running[name].pid

    @property
    def configs(self) -> Path:
        """Where the configurations that the servers were started on are."""
        return self._folder / "configs"

    def log(self, name: str) -> Path:
        """Where `prometheus` or `alertmanager` writes its log."""
        return self._folder / "logs" / f"{name}.log"

    def stop(self) -> None:
        """Stop both, Prometheus first. May be called again."""
        self._running.clear()
        self._children.close()

    def _write_config(self, name: str, text: str) -> Path:
        path = self.configs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _data_folder(self, name: str) -> Path:
        path = self._folder / "data" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _start(
        self,
        name: str,
        command: Callable[[int], list[str | Path]],
        *,
        ready_path: str,
        cwd: Path | None,
        env: Mapping[str, str] | None,
    ) -> int:
        """Start it on its port; where any would do, on another one when somebody was faster. Returns the port."""
        wished = self._ports[name]
        for _ in range(1 if wished else _TRIES):
            port = wished or free_port()
            child = spawn(command(port), name=name, log=self.log(name), cwd=cwd, env=env)
            try:
                self._wait_until_ready(child, port, ready_path)
            except _PortTakenError:
                child.stop()
                continue
            except BaseException:
                child.stop()
                raise
            self._running[name] = child
            self._children.add(child)
            return port
        if not wished:
            raise SimulatorError(f"{name}: {_TRIES} ports that were free were taken in turn")
        holder = port_holder(wished) or "something that is gone by now"
        raise InputError(f"{name}: port {wished} is taken by {holder}; stop that, or let it have any free port")

    def _wait_until_ready(self, child: Child, port: int, path: str) -> None:
        deadline = time.monotonic() + self._ready_within_seconds
        with http_client(f"http://127.0.0.1:{port}", timeout=2.0) as client:
            while child.poll() is None:
                if _listens(child.pid, port) and _is_ready(client, path):
                    return
                if time.monotonic() > deadline:
                    raise SimulatorError(_failure(child, f"was not ready within {self._ready_within_seconds:g} s"))
                time.sleep(_POLL_SECONDS)
        if any(_PORT_TAKEN in line for line in child.last_lines(20)):
            raise _PortTakenError
        if any(words in line for line in _complaints(child) for words in _NO_ROOM):
            raise InputError(_failure(child, "had no room on the disk"))
        if any("config" in line for line in _complaints(child)):
            raise InputError(_failure(child, "refused its configuration"))
        if child.poll() == -signal.SIGKILL:  # by somebody else, the kernel for one: nothing is known
            raise UnobservedError(_failure(child, child.how_it_ended()))
        raise SimulatorError(_failure(child, child.how_it_ended()))


class _PortTakenError(Exception):
    """Somebody else listens on the port."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(pid: int, port: int) -> bool:
    """Whether it is this process that listens there: another server may answer on a port that was just lost to it."""
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port for c in connections)


def _is_ready(client: httpx.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _complaints(child: Child) -> tuple[str, ...]:
    """The log lines that tell what went wrong: of level error, or else the last ones."""
    lines = child.last_lines(40)
    errors = tuple(line for line in lines if "level=error" in line or "level=ERROR" in line or " err=" in line)
    return errors or lines[-5:]


def _failure(child: Child, what: str) -> str:
    return "\n".join([f"{child.name} {what} ({child.log}):", *(f"  {line}" for line in _complaints(child))])
