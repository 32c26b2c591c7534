"""Where the real Prometheus and Alertmanager are, and which versions.

Each program is looked for in this order: the one that was named (a flag, else crybsim.yaml), PATH, the `.tools/servers`
of this folder or one above it, the `.tools/servers` beside the package. promtool and amtool are taken from beside
their server where they are there, so that both are of one version. `setup/servers.sh` looks in the same places.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.errors import InputError

VERSION_TIMEOUT_SECONDS: Final = 20.0
UNPACKED: Final = Path(".tools/servers/usr/bin")
"""Where `make install` unpacks the servers, in the project's folder."""

HOW_TO_GET: Final = "run `make install` in the project's folder, or put it on PATH (https://prometheus.io/download)"

_PACKAGE_FOLDER: Final = Path(__file__).resolve().parents[2]
_VERSION: Final = re.compile(r"^(\w+), version (\S+)")


@dataclass(frozen=True)
class Program:
    """A program that was found and answered `--version`; `version` as it says it: `2.42.0+ds`."""

    name: str
    path: Path
    version: str


@dataclass(frozen=True)
class Missing:
    """A program that was not found, or is not what its name says; `why` is one line that tells what to do."""

    name: str
    why: str


@dataclass(frozen=True)
class Binaries:
    """The four programs that a local stack and its checks need."""

    prometheus: Program
    promtool: Program
    alertmanager: Program
    amtool: Program


@dataclass(frozen=True)
class Search:
    """The same four, each as far as it was found."""

    prometheus: Program | Missing
    promtool: Program | Missing
    alertmanager: Program | Missing
    amtool: Program | Missing

    @property
    def all(self) -> tuple[Program | Missing, ...]:
        """In the order in which people think of them."""
        return (self.prometheus, self.promtool, self.alertmanager, self.amtool)


def find_binaries(prometheus_bin: Path | None = None, alertmanager_bin: Path | None = None) -> Binaries:
    """The programs, all of them. Raises InputError with one line for each that is missing."""
    found = search_binaries(prometheus_bin, alertmanager_bin)
    match found:
        case Search(Program() as prometheus, Program() as promtool, Program() as alertmanager, Program() as amtool):
            return Binaries(prometheus, promtool, alertmanager, amtool)
    raise InputError(*(program.why for program in found.all if isinstance(program, Missing)))


def search_binaries(prometheus_bin: Path | None = None, alertmanager_bin: Path | None = None) -> Search:
    """Look for each program by itself. Raises nothing: what is not there is `Missing`."""
    prometheus = _server("prometheus", ("prometheus",), prometheus_bin)
    alertmanager = _server("alertmanager", ("alertmanager", "prometheus-alertmanager"), alertmanager_bin)
    return Search(
        prometheus,
        _tool("promtool", prometheus),
        alertmanager,
        _tool("amtool", alertmanager),
    )


def _server(name: str, file_names: tuple[str, ...], named: Path | None) -> Program | Missing:
    """`file_names`: upstream's name and, where it differs, Debian's."""
    if named is not None:
        path = _runnable(named)
        found = _identified(name, path) if path else Missing(name, f"{named}: no such program")
        if isinstance(found, Missing):
            return Missing(name, f"{found.why}; --{name}-bin (or crybsim.yaml) names {name} itself")
        return found
    return _first(name, file_names, _folders())


def _tool(name: str, server: Program | Missing) -> Program | Missing:
    beside = [server.path.parent] if isinstance(server, Program) else []
    return _first(name, (name,), iter([*beside, *_folders()]))


def _first(name: str, file_names: tuple[str, ...], folders: Iterator[Path]) -> Program | Missing:
    """The first that is what its name says; where none is, why the first candidate was not."""
    failed: Missing | None = None
    for folder in folders:
        for file_name in file_names:
            path = _runnable(folder / file_name)
            found = _identified(name, path) if path else None
            if isinstance(found, Program):
                return found
            failed = failed or found
    why = failed.why if failed else f"{name} was not found"
    return Missing(name, f"{why}; {HOW_TO_GET}")


def _folders() -> Iterator[Path]:
    """PATH, then every `.tools/servers` upwards from here, then the one beside the package."""
    for entry in os.get_exec_path():
        yield Path(entry or ".")
    here = Path.cwd()
    for folder in (here, *here.parents, _PACKAGE_FOLDER):
        yield folder / UNPACKED


def _runnable(path: Path) -> Path | None:
    """The absolute path where this is a program, else None. A bare name is looked up on PATH, as in a shell."""
    found = shutil.which(path)
    return Path(found).absolute() if found else None


def _identified(name: str, path: Path) -> Program | Missing:
    """Ask the program itself."""
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = error.strerror if isinstance(error, OSError) else "no answer to --version"
        return Missing(name, f"{path}: does not run on this machine ({why})")
    text = (answer.stdout + answer.stderr).decode(errors="replace")  # old versions answer on stderr
    match = _VERSION.match(text)
    if not match or match[1] != name:
        return Missing(name, f"{path}: is not {name} (--version says {_first_line(text)!r})")
    return Program(name, path, match[2])


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:80]
