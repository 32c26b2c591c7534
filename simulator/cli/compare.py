"""`crybsim compare`: two runs of load against each other: what changed beyond the noise."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from simulator.cli.options import JsonOption, QuietOption
from simulator.cli.report import RUNS
from simulator.errors import ExitCode, InputError
from simulator.load.comparison import ALL, CHANCE, FEWEST_SPANS, SPAN_SECONDS, Change, Compared, compare, cut
from simulator.load.report_file import ReportFile
from simulator.profile.manifest import Manifest
from simulator.rehearsal.run_folder import RunFolder
from simulator.wire.load_report import Measured

_WIDTH = 128
_STYLES = {Change.WORSE: "red", Change.BETTER: "green", Change.SAME: "", Change.UNKNOWN: "yellow"}

FirstArgument = Annotated[
    str, typer.Argument(metavar="RUN_A", help="The earlier run: its folder, or its name in runs/.")
]
SecondArgument = Annotated[str, typer.Argument(metavar="RUN_B", help="The later run.")]


def command(
    first: FirstArgument,
    second: SecondArgument,
    every: Annotated[bool, typer.Option("--all", help="Show what stayed the same, too.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> ExitCode:
    """Compare the load of two runs (`load` or `rehearse --mode live`): what got slower, faster, or fails more.

    A change is what chance alone would hardly make: each run is cut into spans of five seconds, these are drawn anew
    many times (block bootstrap), and Holm's procedure keeps the chance of a single false alarm over all figures at 5 %.

    \b
    Examples:
      crybsim compare runs/quiet-evening-20260105-200000 runs/quiet-evening-20260106-200000
      crybsim compare before after --all
      crybsim compare before after --json | jq '.figures[] | select(.change == "worse")'

    Exit codes: 0 nothing got worse; 1 something did; 3 there is too little to compare.
    """
    runs = [_Run.read(name) for name in (first, second)]
    figures = compare(*(cut(run.lines, from_ms=run.warm_from_ms) for run in runs))
    counts = Counter(figure.change for figure in figures)
    notes = list(_notes(*runs))
    outcome = _outcome(counts)
    if not quiet:
        _show(Console(stderr=True), figures, counts, notes, every=every)
    if as_json:
        document = {
            "first": str(runs[0].folder),
            "second": str(runs[1].folder),
            "outcome": outcome.name.lower(),
            "notes": notes,
            "figures": [asdict(figure) for figure in figures],
        }
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    return outcome


@dataclass(frozen=True)
class _Run:
    """One run's load, as its folder has it."""

    folder: Path
    manifest: Manifest
    lines: tuple[Measured, ...]

    @classmethod
    def read(cls, name: str) -> _Run:
        """Raises InputError for what is no run, or one without load."""
        folder = next((path for path in (Path(name), RUNS / name) if path.is_dir()), None)
        if folder is None:
            raise InputError(f"{name}: there is no such run, neither here nor in {RUNS}/")
        report = folder / "load.jsonl"
        if not report.is_file() or not RunFolder(folder).manifest.is_file():
            raise InputError(f"{folder}: is not a run that drove load: it has no load.jsonl with a manifest.json")
        file = ReportFile(report)
        lines = tuple(record for record in file.read() if isinstance(record, Measured))
        if file.problem:
            raise InputError(file.problem)
        return cls(folder, Manifest.read(RunFolder(folder).manifest), lines)

    @property
    def warm_from_ms(self) -> int:
        return self.manifest.started_ms + self.manifest.profile.load.warm_up


def _notes(first: _Run, second: _Run) -> Iterable[str]:
    """What else is different, so that a change may come from there."""
    if first.manifest.profile_sha256 != second.manifest.profile_sha256:
        names = f"{first.manifest.profile.name}, {second.manifest.profile.name}"
        yield f"the two runs are of different profiles or versions of one ({names})"
    if first.manifest.crybsim_version != second.manifest.crybsim_version:
        versions = f"{first.manifest.crybsim_version}, {second.manifest.crybsim_version}"
        yield f"the two runs are of different versions of crybsim ({versions})"


def _outcome(counts: Counter[Change]) -> ExitCode:
    if counts[Change.WORSE]:
        return ExitCode.FAIL
    return ExitCode.PASS if counts[Change.SAME] or counts[Change.BETTER] else ExitCode.INCONCLUSIVE


def _show(
    console: Console, figures: tuple[Compared, ...], counts: Counter[Change], notes: list[str], *, every: bool
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("request", overflow="fold")
    for heading in ("figure", "before", "after", "difference", "95 % between"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for figure in figures:
        if every or figure.name == ALL or figure.change in (Change.WORSE, Change.BETTER):
            table.add_row(*_row(figure), style=_STYLES[figure.change])
    console.width = max(_WIDTH, console.width)
    console.print(table)
    console.print()
    for note in notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    told = ", ".join(f"{counts[change]} {change}" for change in Change)
    console.print(
        f"{len(figures)} figures: {told} (spans of {SPAN_SECONDS} s, family-wise {CHANCE:.0%})", highlight=False
    )
    if not counts.keys() - {Change.UNKNOWN}:
        needs = f"each run needs {FEWEST_SPANS * SPAN_SECONDS} s of load after its warm-up"
        console.print(f"too little to compare: {needs}", highlight=False)


def _row(figure: Compared) -> tuple[str, ...]:
    if figure.first is None or figure.second is None or figure.low is None or figure.high is None:
        known = [_told(figure, value) for value in (figure.first, figure.second)]
        return (figure.name, figure.figure, *known, "", "", figure.change.value)
    difference = _told(figure, figure.second - figure.first, sign=True)
    bounds = f"{_told(figure, figure.low, sign=True)} … {_told(figure, figure.high, sign=True)}"
    values = (_told(figure, figure.first), _told(figure, figure.second))
    return (figure.name, figure.figure, *values, difference, bounds, figure.change.value)


def _told(figure: Compared, value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "–"
    plus = "+" if sign else ""
    return f"{value:{plus}.2%}" if figure.figure == "error ratio" else f"{value * 1000:{plus}.1f} ms"
