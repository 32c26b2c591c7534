"""`crybsim profile`: check, list, start and describe profiles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from simulator.cli.causes import Causes
from simulator.cli.drafting import choose_rule, draft, read_rules, starter
from simulator.cli.learnt_names import reactions
from simulator.cli.options import JsonOption, ProfileArgument, RulesOption, SeedOption
from simulator.cli.overlays import reminders, team_overlays
from simulator.cli.profile_truth import truth
from simulator.errors import ExitCode, InputError, Problem
from simulator.profile.json_schema import profile_schema
from simulator.profile.load import load_profile, parse_profile, profile_files, resolve_profile
from simulator.profile.schema import Profile
from simulator.profile.settings import expand, load_settings
from simulator.report.profile_page import render_page
from simulator.report.profile_sketch import render_sketch
from simulator.streams.overlays import load_overlays, overlays_of
from simulator.streams.signal_lines import signal_lines
from simulator.telemetry.rules import AlertRule
from simulator.units import format_duration

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="Profiles: check, list, start a new one, print their JSON Schema."
)

FOLDER = Path("profiles")
PAGE_POINTS = 760  # of each line on an HTML page
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Profiles: paths, or names of shipped ones.")],
    as_json: JsonOption = False,
) -> ExitCode:
    """Check profiles: every mistake at once, one line each, with line and column. Exit code 2 if there is any.

    \b
    Examples:
      crybsim profile check profiles/api-errors.yaml
      crybsim profile check profiles/*.yaml --json
    """
    answer: list[dict[str, Any]] = []
    faulty = 0
    for file in files:
        problems: tuple[Problem | str, ...] = ()
        try:
            path = resolve_profile(file)
            profile = load_profile(path)
            overlays = overlays_of(profile, path, team_overlays(load_settings(), None))
            typer.echo(f"{path}: fine ({_in_short(profile)})", err=True)
            for reminder in reminders(overlays, profile):
                typer.echo(reminder, err=True)
        except InputError as error:
            problems = error.problems
            faulty += 1
            typer.echo("\n".join(str(problem) for problem in problems), err=True)
        answer.append({"file": file, "valid": not problems, "problems": [_as_json(problem) for problem in problems]})
    if as_json:
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    return ExitCode.USAGE if faulty else ExitCode.PASS


@app.command("list")
def list_profiles(as_json: JsonOption = False) -> None:
    """List the profiles in ./profiles and the shipped ones; each can be named wherever a PROFILE is asked for.

    \b
    Examples:
      crybsim profile list
      crybsim profile list --json
    """
    rows = [_row(path) for path in profile_files()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        if row["valid"]:
            typer.echo(f"{row['name']:<{width}}  {row['duration']:<6} {', '.join(row['faults']) or 'nothing breaks'}")
            typer.echo(f"{'':<{width}}  {row['description']}")
        else:
            typer.echo(f"{row['name']:<{width}}  has mistakes; see crybsim profile check {row['file']}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower case letters, digits and hyphens.")],
    alert: Annotated[str | None, typer.Option("--alert", metavar="NAME", help="Draft it for this alert.")] = None,
    rules: RulesOption = None,
) -> None:
    """Write a commented starter to profiles/NAME.yaml, or a draft for one alert of your own rules.

    A draft carries `reviewed: false` and cannot pass until you have read it and removed that line.

    \b
    Examples:
      crybsim profile new friday-night
      crybsim profile new disk-full --alert HighErrorRate --rules 'rules/*.yml'
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a name of lower case letters, digits and hyphens")
    if rules and alert is None:
        raise InputError("--rules says where to look for an alert; say which one with --alert NAME")
    text = starter(name) if alert is None else _drafted(name, choose_rule(read_rules(_rule_files(rules)), alert))
    try:
        path = write_profile(FOLDER, name, text)
    except FileExistsError as error:
        raise InputError(f"{error.filename} is there already; nothing was written") from error
    typer.echo(f"wrote {path}; next: edit it, then crybsim profile check {path}", err=True)
    typer.echo(path)


def _drafted(name: str, rule: AlertRule) -> str:
    settings = load_settings()
    overlays = load_overlays(team_overlays(settings, None))
    reacts = {fault for overlay in overlays for fault in reactions(overlay)}
    return draft(name, rule, Causes(reacts, settings.jobs))


@app.command()
def show(
    profile: ProfileArgument,
    signals: Annotated[
        list[str] | None,
        typer.Option(
            "--signals",
            metavar="NAME",
            help="Signals of the model, * for any text; several times. Default: what the faults move most.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Draw them on an HTML page instead.")
    ] = None,
    seed: SeedOption = None,
) -> None:
    """Sketch what a profile does to the platform, before you run it: signals over time, faults shaded.

    \b
    Examples:
      crybsim profile show api-errors
      crybsim profile show api-errors --signals 'http.*' --signals db.pool_used
      crybsim profile show profiles/api-errors.yaml --html api-errors.html
    """
    chosen = load_profile(resolve_profile(profile))
    console = Console(highlight=False)
    width = min(console.width, 160)
    points = PAGE_POINTS if html is not None else 2 * width
    lines = signal_lines(chosen, seed=chosen.seed if seed is None else seed, points=points, patterns=signals)
    if html is None:
        console.print(render_sketch(chosen, lines, width))
        return
    try:
        html.write_text(render_page(chosen, lines), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--html {html}: cannot be written: {error.strerror or error}") from error
    typer.echo(html)


app.command()(truth)


@app.command()
def schema() -> None:
    """Print the JSON Schema of profiles (draft 2020-12), which editors complete and check with.

    \b
    Examples:
      crybsim profile schema > profiles/profile.schema.json
    """
    typer.echo(schema_text(profile_schema()), nl=False)


def schema_text(content: dict[str, Any]) -> str:
    """A schema as it is published."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_profile(folder: Path, name: str, text: str) -> Path:
    """Write a new profile, and the schema that its first line names. Raises FileExistsError."""
    path = folder / f"{name}.yaml"
    parse_profile(text, file=str(path))  # what we write passes our own check
    write_new(path, "# yaml-language-server: $schema=profile.schema.json\n" + text)
    published = folder / "profile.schema.json"
    if not published.exists():
        write_new(published, schema_text(profile_schema()))
    return path


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises FileExistsError, or InputError where it cannot be written."""
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        if isinstance(error, FileExistsError) and error.filename == str(path):
            raise
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _rule_files(flags: list[str] | None) -> tuple[Path, ...]:
    if flags:
        return expand(flags, Path())
    settings = load_settings()
    if not settings.rules:
        raise InputError("--alert needs the rules: give --rules FILE, or name them in crybsim.yaml")
    return settings.files(settings.rules)


def _as_json(problem: Problem | str) -> dict[str, Any]:
    if isinstance(problem, str):
        return {"file": "", "line": 0, "column": 0, "path": "", "message": problem}
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "message": problem.message,
    }


def _in_short(profile: Profile) -> str:
    faults = ", ".join(fault.id for fault in profile.faults) or "nothing breaks"
    return f"{format_duration(profile.duration)}, {faults}, {len(profile.expect.alerts)} alerts expected"


def _row(path: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"name": path.stem, "file": str(path)}
    try:
        profile = load_profile(path)
    except InputError:
        return row | {"valid": False}
    return row | {
        "valid": True,
        "duration": format_duration(profile.duration),
        "faults": [fault.kind for fault in profile.faults],
        "description": profile.description.strip(),
    }
