"""`crybsim load --master` and `--worker`: one run driven from several machines."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from simulator.clock import WallClock
from simulator.errors import ExitCode, InputError
from simulator.load.locust_workers import LocustWorkers
from simulator.load.rendezvous import LOCUST_PORT, join
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.manifest import Manifest
from simulator.profile.settings import Settings
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.processes import Children, spawn
from simulator.transport import check_host

WAIT_SECONDS = 120.0


def master_address(text: str) -> tuple[str, int]:
    """Host and port of `--master-bind`; the port may be left out. Raises InputError."""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    if not host or (port and not port.isdigit()):
        raise InputError(f"--master-bind {text}: is no address; write one like 0.0.0.0:{LOCUST_PORT}")
    return host, int(port or LOCUST_PORT)


def work(
    profile: str,
    *,
    master_host: str,
    master_port: int,
    processes: int,
    settings: Settings,
    target: Path | None,
    out: Path | None,
    console: Console,
) -> int:
    """Take part in the run of a master elsewhere. Raises InputError where that cannot be done."""
    chosen = load_profile(resolve_profile(profile))
    allowed = settings.load_hosts(chosen)
    check_host(master_host, allowed)
    clock = WallClock()
    console.print(f"waiting for the master at {master_host}:{master_port}", highlight=False)
    invitation = join(master_host, master_port + 1, processes, WAIT_SECONDS, clock)
    run = RunFolder.create(f"{chosen.name}-worker", clock.now_ms(), out)
    with Children() as children:
        workers = LocustWorkers(
            invitation,
            run.path,
            spawn,
            master=(master_host, master_port),
            processes=processes,
            allowed_hosts=allowed,
            target=target,
        )
        children.callback(workers.stop)
        workers.start()
        given = Manifest.read(run.manifest)
        if given.profile.name != chosen.name:
            raise InputError(f"{profile}: the master runs {given.profile.name}, not {chosen.name}")
        failed = workers.wait()
    for line in failed:
        console.print(line, highlight=False)
    console.print(f"done; the master judges the run. run folder: {run.path}", highlight=False, soft_wrap=True)
    return int(ExitCode.INCONCLUSIVE if failed else ExitCode.PASS)
