"""The commands, in the groups that people meet them in, and the module behind each one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One command: the function `command` of `simulator.cli.<name>`, or of each `simulator.cli.<name>.<part>`."""

    name: str
    summary: str
    parts: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Where it is; imported only when it is run, so that `crybsim --help` stays fast."""
        return f"simulator.cli.{self.name}"

    @property
    def written(self) -> str:
        """As cli.md writes it: `stack up|down|status`."""
        return f"{self.name} {'|'.join(self.parts)}".rstrip()


GROUPS: dict[str, tuple[Entry, ...]] = {
    "start": (
        Entry("init", "write crybsim.yaml and a first profile from the files found here"),
        Entry("validate", "is everything here and healthy: servers, versions, ports, the local stack"),
    ),
    "load": (
        Entry("load", "drive load and judge it"),
        Entry("compare", "two runs: what changed beyond the noise"),
    ),
    "rehearse": (
        Entry("rehearse", "an incident, the alerts it sets off, a verdict"),
        Entry("sweep", "one fault at many intensities: from which on each alert fires, and how fast"),
        Entry("report", "render a run again"),
    ),
    "data": (
        Entry("emit", "live telemetry of a platform that is not there"),
        Entry("backfill", "its past, as blocks that a Prometheus opens"),
        Entry("demo", "its past and then its live telemetry, to look at in dashboards"),
    ),
    "parts": (
        Entry(
            "profile",
            "profiles: check, list, start a new one, look at what one does",
            ("check", "list", "new", "show", "truth", "schema"),
        ),
        Entry(
            "catalog",
            "what the platform exports, real ones compared, how it can break",
            ("list", "diff", "learn", "faults", "signals", "schema"),
        ),
        Entry("stack", "the local Prometheus and Alertmanager", ("up", "down", "status", "files", "receivers")),
        Entry("api", "the reference API"),
    ),
}

ENTRIES: dict[str, Entry] = {entry.name: entry for entries in GROUPS.values() for entry in entries}
