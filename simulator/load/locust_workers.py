"""Generator processes on this machine for a run whose master is on another one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import httpx

from simulator.load.locust_run import LOCUSTFILES, Child, Spawn
from simulator.load.rendezvous import Invitation
from simulator.profile.schema import Scenario
from simulator.resources import shipped
from simulator.transport import check_host
from simulator.wire.load_report import MASTER_GONE, NO_USERS_LEFT

_POLL_SECONDS = 0.2


class LocustWorkers:
    """So many worker processes, until their master ends the run or is gone (Locust's workers wait a minute for it)."""

    def __init__(
        self,
        invitation: Invitation,
        run_dir: Path,
        spawn: Spawn,
        *,
        master: tuple[str, int],
        processes: int,
        allowed_hosts: Collection[str] = (),
        target: Path | None = None,
    ) -> None:
        """Raises InputError for a target that this machine does not allow."""
        for host in invitation.hosts:
            check_host(httpx.URL(host).host, allowed_hosts)
        self._invitation = invitation
        self._run_dir = run_dir
        self._spawn = spawn
        self._master = master
        self._processes = processes
        self._target = target
        self._children: list[Child] = []

    def start(self) -> None:
        """Start them."""
        (self._run_dir / "logs").mkdir(parents=True, exist_ok=True)
        manifest = self._run_dir / "manifest.json"
        manifest.write_text(self._invitation.manifest, encoding="utf-8")
        host, port = self._master
        scenarios = self._invitation.scenarios
        files = ",".join(str(shipped("scenarios") / LOCUSTFILES[Scenario(one)]) for one in scenarios)
        env = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
        env |= {
            "CRYBSIM_MANIFEST": str(manifest.resolve()),
            "CRYBSIM_HOSTS": ",".join(self._invitation.hosts),
            "CRYBSIM_SCENARIOS": ",".join(scenarios),
            "CRYBSIM_LOAD_REPORT": str((self._run_dir / "load.jsonl").resolve()),
        }
        if self._target is not None:
            env["CRYBSIM_TARGET"] = str(self._target.resolve())
        for number in range(1, self._processes + 1):
            argv: Sequence[str] = [
                *(sys.executable, "-m", "locust", "-f", files, "--worker"),
                *("--master-host", host, "--master-port", str(port)),
                *("--exit-code-on-error", "0"),  # of requests: its master judges them
            ]
            name = f"locust-worker-{number}"
            log = self._run_dir / "logs" / f"{name}.log"
            self._children.append(self._spawn(argv, name=name, log=log, env=env, cwd=self._run_dir))

    def wait(self) -> tuple[str, ...]:
        """Until the last of them has ended: how those ended that did not end well."""
        while any(child.poll() is None for child in self._children):
            time.sleep(_POLL_SECONDS)
        return tuple(
            f"worker {number} {_how(child)}"
            for number, child in enumerate(self._children, start=1)
            if child.poll() != 0
        )

    def stop(self) -> None:
        """End them now."""
        for child in self._children:
            child.stop()


_ENDS = {
    MASTER_GONE: "lost its master: it was not heard of for a minute, killed or without a network",
    NO_USERS_LEFT: "came late, and no users were left for it: give the run more of them, or fewer load.max_users",
}


def _how(child: Child) -> str:
    return _ENDS.get(child.poll() or 0) or child.how_it_ended()
