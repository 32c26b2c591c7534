"""Is this machine ready for a rehearsal: one check per line, each with what to do where it is not."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Final

from simulator.stack.binaries import Program, Search
from simulator.stack.ports import port_holder
from simulator.telemetry.checks import Check, State

GUIDE_PORTS: Final[Mapping[str, int]] = {"API": 3001, "Grafana": 3005, "Prometheus": 9090, "Alertmanager": 9093}
_LIBRARIES: Final = ("locust", "numpy")  # the load generator; the one whose version the same bits depend on


def check_python() -> Iterator[Check]:
    """The interpreter (its oldest allowed version was seen to at installation) and the libraries that matter."""
    yield Check("python", State.OK, platform.python_version())
    for name in _LIBRARIES:
        try:
            yield Check(name, State.OK, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Check(name, State.MISSING, "not installed", "install crybsim again: make install")


def check_programs(programs: Search, production: Mapping[str, str | None]) -> Iterator[Check]:
    """Servers and tools, and how far the servers are from `production` (version by name of the server)."""
    for program in programs.all:
        if isinstance(program, Program):
            yield Check(program.name, State.OK, f"{program.version}  {program.path}")
            if program.name in production:
                yield from _compared(program, production[program.name])
        else:
            yield Check(program.name, State.MISSING, program.why)


def _compared(program: Program, version: str | None) -> Iterator[Check]:
    name = f"{program.name} in production"
    judge = f"--{program.name}-bin takes the one you run"
    if version is None:
        yield Check(name, State.NOTE, "not given", f"production.{program.name} in crybsim.yaml says it; {judge}")
    elif _release(version) != _release(program.version)[: len(_release(version))]:
        yield Check(name, State.NOTE, f"{version}, not {program.version}", judge)
    else:
        yield Check(name, State.OK, version)


def _release(version: str) -> list[str]:
    """The numbers of a version: `v2.42.0+ds` -> 2, 42, 0."""
    return re.findall(r"\d+", re.split(r"[+~-]", version)[0])


def check_ports(ports: Mapping[str, int] = GUIDE_PORTS) -> Iterator[Check]:
    """The ports that the monitoring guide names. A taken one is a note: a rehearsal uses any free port."""
    for service, port in ports.items():
        holder = port_holder(port)
        if holder is None:
            yield Check(f"port {port}", State.OK, f"free ({service})")
        else:
            yield Check(
                f"port {port}", State.NOTE, f"taken by {holder}", f"{service} gets another port, or stop that one"
            )
