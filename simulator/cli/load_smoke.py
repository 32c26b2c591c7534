"""`crybsim load PROFILE --smoke`: each journey once, and the status of every route."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
from rich.console import Console
from rich.table import Table

from simulator.cli.load_target import Aim
from simulator.errors import ExitCode
from simulator.load.smoke import judge_smoke, run_smoke
from simulator.profile.manifest import Manifest
from simulator.rehearsal.live.platform import LivePlatform
from simulator.rehearsal.run_folder import RunFolder
from simulator.stack.processes import Children, spawn
from simulator.wire.load_report import Outcome
from simulator.wire.smoke_report import JourneyEnded, Record, RequestSeen

_WIDTH = 110
_STYLES = {Outcome.OK: "green", Outcome.DECLINED: "green", Outcome.RATE_LIMITED: "yellow", Outcome.FAILED: "red"}
_WORDS = {
    ExitCode.PASS: "[green]pass[/]",
    ExitCode.FAIL: "[red]fail[/]",
    ExitCode.INCONCLUSIVE: "[yellow]inconclusive[/]",
}


@dataclass
class RouteSeen:
    """One route over all journeys: how often each status came, the worst outcome, the slowest answer in ms."""

    route: str
    statuses: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    outcome: Outcome | None = None
    slowest_ms: float = 0.0
    problem: str = ""

    def add(self, seen: RequestSeen) -> None:
        """Count one request. Outcomes are declared from the best to the worst."""
        if seen.outcome is None:
            return
        order = list(Outcome)
        self.statuses[seen.status] += 1
        if self.outcome is None or order.index(seen.outcome) > order.index(self.outcome):
            self.outcome = seen.outcome
        self.slowest_ms = max(self.slowest_ms, seen.milliseconds)
        self.problem = self.problem or seen.problem

    @property
    def told(self) -> str:
        """Its statuses, such as `200 ×3, 404`; `no answer` where none came."""
        if self.outcome is None:
            return "not there (target file)"
        return ", ".join(
            f"{status or 'no answer'}{f' ×{count}' if count > 1 else ''}"
            for status, count in sorted(self.statuses.items())
        )


def smoke(run: RunFolder, manifest: Manifest, aim: Aim, console: Console, *, as_json: bool) -> int:
    """The whole of it: the API where none is named, the journeys, the table. Returns the exit code."""
    with Children() as children:
        platform = LivePlatform(run, manifest, children)
        if not aim.hosts:
            platform.start_api()
        host = (aim.hosts or platform.api_urls)[0]
        records, problem = run_smoke(run.manifest, host, run.path, spawn, target=aim.path)
        if died := [f"{child.name} {child.how_it_ended()}" for child in children.ended()]:
            problem = "; ".join(filter(None, (*died, problem)))
    outcome = judge_smoke(records, problem)
    _show(console, records, problem, outcome)
    console.print(f"run folder: {run.path}", highlight=False, soft_wrap=True)
    result = orjson.dumps(
        {
            "outcome": outcome.name.lower(),
            "problem": problem,
            "routes": [
                {
                    "route": one.route,
                    "statuses": {str(status): count for status, count in sorted(one.statuses.items())},
                    "outcome": one.outcome,
                    "slowest_ms": one.slowest_ms,
                    "problem": one.problem,
                }
                for one in _routes(records)
            ],
            "journeys": [record for record in records if isinstance(record, JourneyEnded)],
        },
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )
    (run.path / "smoke.json").write_bytes(result)
    if as_json:
        sys.stdout.write(result.decode())
    return int(outcome)


def _routes(records: Iterable[Record]) -> list[RouteSeen]:
    found: dict[str, RouteSeen] = {}
    for record in records:
        if isinstance(record, RequestSeen):
            found.setdefault(record.route, RouteSeen(record.route)).add(record)
    return sorted(found.values(), key=lambda one: (one.route.partition(" ")[2], one.route))


def _show(console: Console, records: list[Record], problem: str, outcome: ExitCode) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("route", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("slowest ms", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in _routes(records):
        style = "dim" if one.outcome is None else _STYLES[one.outcome]
        note = "" if one.outcome in (None, Outcome.OK) else str(one.outcome)
        table.add_row(one.route, f"[{style}]{one.told}[/]", f"{one.slowest_ms:.0f}", note)
    console.width = max(_WIDTH, console.width)
    console.print(table)
    console.print()
    for record in records:
        if isinstance(record, JourneyEnded):
            told = record.broken or (f"ended early: {record.ended_early}" if record.ended_early else "to its end")
            console.print(f"- {record.journey}: {told}", highlight=False, markup=False, soft_wrap=True)
    for one in _routes(records):
        if one.problem:
            console.print(f"- {one.route}: {one.problem}", highlight=False, markup=False, soft_wrap=True)
    if problem:
        console.print(f"- the smoke run is not complete: {problem}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"smoke: {_WORDS[outcome]}")
