"""`crybsim report`: a finished run shown again, for a terminal, a pull request, CI or a program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.consoles import report_console
from simulator.cli.load_report import is_load_run, report_load
from simulator.cli.options import JsonOption
from simulator.errors import ExitCode, InputError
from simulator.rehearsal.run_folder import RunFolder
from simulator.report import (
    render_html,
    render_json,
    render_junit,
    render_markdown,
    render_terminal,
    verdict_schema,
)
from simulator.telemetry.journal import decode_journal
from simulator.telemetry.series import decode_series
from simulator.verdict import Verdict

VERDICT_FILE = "verdict.json"
RUNS = Path("runs")

RunArgument = Annotated[
    str | None, typer.Argument(metavar="RUN", help="A run's folder, its name in runs/, or its verdict.json.")
]
JunitOption = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML there.")]
MarkdownOption = Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write Markdown there.")]
HtmlOption = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the page with charts there.")]
SchemaOption = Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of verdict.json and stop.")]


def command(
    run: RunArgument = None,
    junit: JunitOption = None,
    markdown: MarkdownOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
    schema: SchemaOption = False,
) -> ExitCode:
    """Show a rehearsal or load run again. The exit code is the run's own: 0 pass, 1 fail, 3 inconclusive.

    With a file named, or --json, the terminal's report goes to stderr or is left out.

    \b
    Examples:
      crybsim report runs/api-errors-20260105-200000
      crybsim report runs/api-errors-20260105-200000 --junit junit.xml --markdown summary.md
      crybsim report runs/api-errors-20260105-200000 --html report.html
      crybsim report runs/api-errors-20260105-200000 --json | jq .outcome
    """
    if schema:
        typer.echo(verdict_schema(), nl=False)
        return ExitCode.PASS
    if run is None:
        raise InputError(f"which run? Name its folder{_newest()}")
    load = is_load_run(run, (Path(run), RUNS / run))
    if load is not None:
        if markdown is not None:
            raise InputError("--markdown: a load run has no such report; --html, --junit or --json")
        return report_load(load, junit=junit, html=html, as_json=as_json)
    path = find_verdict(run)
    verdict = Verdict.read(path)
    if junit is not None:
        write_report(junit, render_junit(verdict))
    if markdown is not None:
        write_report(markdown, render_markdown(verdict))
    if html is not None:
        write_report(html, page_of(verdict, RunFolder(path.parent)))
    if as_json:
        typer.echo(render_json(verdict), nl=False)
    elif junit is None and markdown is None and html is None:
        report_console().print(render_terminal(verdict, path.parent))
    return verdict.outcome.exit_code


def find_verdict(run: str) -> Path:
    """The verdict of a run by folder, name or file. Raises InputError that names the newest run there is."""
    for candidate in (Path(run), RUNS / run):
        if candidate.is_dir():
            return candidate / VERDICT_FILE
        if candidate.is_file():
            return candidate
    raise InputError(f"{run}: there is no such run{_newest()}")


def page_of(verdict: Verdict, folder: RunFolder) -> str:
    """The HTML report, with what the run's folder holds of its journal and of the expressions' values."""
    timeline, series = folder.timeline, folder.series
    return render_html(
        verdict,
        decode_journal(timeline.read_bytes(), str(timeline)) if timeline.is_file() else (),
        decode_series(series.read_bytes(), str(series)) if series.is_file() else (),
    )


def _newest() -> str:
    """A hint at the last run, or nothing."""
    verdicts = sorted(RUNS.glob(f"*/{VERDICT_FILE}"), key=lambda path: path.stat().st_mtime)
    return f"; the last one is {verdicts[-1].parent}" if verdicts else ""


def write_report(path: Path, text: str) -> None:
    """Write a report for another program; told on stderr. Raises InputError when the file cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    typer.echo(f"wrote {path}", err=True)
