"""Where a run leaves what it saw: one folder, made once, with the same layout for every kind of run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simulator.errors import InputError


@dataclass(frozen=True)
class RunFolder:
    """The paths inside a run's folder."""

    path: Path

    @classmethod
    def create(cls, profile_name: str, at_ms: int, out: Path | None) -> RunFolder:
        """Make a new folder: `out`, or `runs/<profile>-<UTC time>` here. Raises InputError when it cannot be made.

        A folder that already holds something is refused, so that no run is ever mixed with another.
        """
        if out is not None:
            try:
                out.mkdir(parents=True, exist_ok=True)
                taken = any(out.iterdir())
            except OSError as error:
                raise InputError(f"--out {out}: cannot be made: {error.strerror}") from error
            if taken:
                raise InputError(f"--out {out}: is not empty; name a new folder for this run")
            folder = out
        else:
            stamp = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d-%H%M%S")
            folder = _first_free(Path("runs"), f"{profile_name}-{stamp}")
        run = cls(folder.resolve())
        for part in (run.configs, run.logs, run.data):
            part.mkdir()
        return run

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def timeline(self) -> Path:
        return self.path / "timeline.jsonl"

    @property
    def verdict(self) -> Path:
        return self.path / "verdict.json"

    @property
    def junit(self) -> Path:
        return self.path / "junit.xml"

    @property
    def series(self) -> Path:
        """What the alerts' expressions were worth, for the report's charts."""
        return self.path / "series.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def configs(self) -> Path:
        """The exact configuration that the servers ran with."""
        return self.path / "configs"

    @property
    def logs(self) -> Path:
        """What the child processes printed, and the platform's own log lines."""
        return self.path / "logs"

    @property
    def data(self) -> Path:
        """The servers' own data."""
        return self.path / "data"


def _first_free(parent: Path, name: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", *(f"-{n}" for n in range(2, 1000))):
        candidate = parent / f"{name}{suffix}"
        try:
            candidate.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(f"{candidate}: cannot be made: {error.strerror}") from error
        return candidate
    raise InputError(f"{parent / name}: a thousand runs in one second; name a folder with --out")
