"""Is this machine ready for a rehearsal: one check per line, each with what to do where it is not."""

from __future__ import annotations

import platform
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, TypeVar

from simulator.errors import InputError
from simulator.stack.alertmanager_config import redirect
from simulator.stack.binaries import Missing, Program, Search
from simulator.stack.ports import port_holder
from simulator.stack.prometheus_config import PrometheusConfig
from simulator.stack.redirect_check import check_config
from simulator.stack.redirect_ledger import is_unfilled
from simulator.stack.tool_checks import check_alertmanager_config, check_prometheus_config, check_rules
from simulator.telemetry.checks import Check, State

GUIDE_PORTS: Final[Mapping[str, int]] = {"API": 3001, "Grafana": 3005, "Prometheus": 9090, "Alertmanager": 9093}
_DISCOVERY: Final = re.compile(r"field (?P<field>\w+_sd_configs) not found in type config\.")
_NOBODY: Final = "http://127.0.0.1:9"
_Files = TypeVar("_Files", Path, Sequence[Path])
_LIBRARIES: Final = ("locust", "numpy")  # the load generator; the one whose version the same bits depend on


@dataclass(frozen=True)
class CheckedFiles:
    """The rules and configurations that a rehearsal would use; all of them exist."""

    rules: Sequence[Path]
    prometheus_config: Path
    alertmanager_config: Path


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


def check_files(programs: Search, files: CheckedFiles) -> Iterator[Check]:
    """What promtool and amtool say about rules, routes and scrape configuration."""
    promtool, amtool = programs.promtool, programs.amtool
    yield from _judged("rules", _in_short(files.rules), promtool, check_rules, files.rules)
    scrapes, routes = files.prometheus_config, files.alertmanager_config
    yield from _scrapes(promtool, scrapes)
    yield from _routes(amtool, routes)


def _scrapes(promtool: Program | Missing, file: Path) -> Iterator[Check]:
    """prometheus.yml as written; where this promtool was built without some service discovery, the copy that would
    run, which has none."""
    complaints = () if isinstance(promtool, Missing) else check_prometheus_config(promtool.path, file)
    lacking = [found["field"] for line in complaints if (found := _DISCOVERY.search(line))]
    others = [line for line in complaints if not _DISCOVERY.search(line) and not line.endswith("unmarshal errors:")]
    if not lacking or others or isinstance(promtool, Missing):
        yield from _judged("prometheus.yml", str(file), promtool, check_prometheus_config, file)
        return
    what = f"{', '.join(dict.fromkeys(lacking))}: this promtool was built without; targets stand in for what it finds"
    yield Check("prometheus.yml", State.NOTE, what, "`discovered` in crybsim.yaml names them better")
    with tempfile.TemporaryDirectory(prefix="crybsim-") as folder:
        copy = Path(folder) / "prometheus.yml"
        config = PrometheusConfig.read(file, rules=())
        copy.write_text(config.copy(emitter_url=_NOBODY, alertmanager_url=_NOBODY), encoding="utf-8")
        complaints = check_prometheus_config(promtool.path, copy)
    if not complaints:
        yield Check("prometheus.yml", State.OK, f"{file} (promtool finds no fault in the rest)")
    for complaint in complaints:
        yield Check("prometheus.yml", State.BROKEN, complaint, f"promtool refuses {file}")


def _routes(amtool: Program | Missing, file: Path) -> Iterator[Check]:
    """alertmanager.yml as written; where amtool refuses that for what a deployment has yet to fill in, the copy."""
    checks = list(_judged("alertmanager.yml", str(file), amtool, check_alertmanager_config, file))
    refused = [check for check in checks if check.state is State.BROKEN]
    if refused and isinstance(amtool, Program) and is_unfilled(file.read_text("utf-8", errors="replace")):
        try:
            copy = redirect(
                file.read_text("utf-8"),
                http_url=_NOBODY,
                smtp="127.0.0.1:9",
                source=str(file),
                base_dir=file.parent.absolute(),
                version=amtool.version.split("+")[0],
            )
            check_config(copy, amtool.path, str(file))
        except (InputError, UnicodeDecodeError):
            pass
        else:
            then = "a deployment fills that in; the copy that a rehearsal runs is in order"
            yield from (Check(check.name, State.NOTE, check.found, then) for check in refused)
            return
    yield from checks


def _judged(
    name: str, where: str, tool: Program | Missing, judge: Callable[[Path, _Files], Sequence[str]], files: _Files
) -> Iterator[Check]:
    if isinstance(tool, Missing):
        yield Check(name, State.NOTE, f"not checked, {tool.name} is missing: {where}")
        return
    complaints = judge(tool.path, files)
    if not complaints:
        yield Check(name, State.OK, f"{where} ({tool.name} finds no fault)")
    for complaint in complaints:
        yield Check(name, State.BROKEN, complaint, f"{tool.name} refuses {where}")


def _in_short(files: Sequence[Path]) -> str:
    folders = ", ".join(sorted({str(path.parent) for path in files}))
    return str(files[0]) if len(files) == 1 else f"{len(files)} files in {folders}"


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
