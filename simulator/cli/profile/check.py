"""`crybsim profile check`: every mistake of profiles, at once."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from simulator.cli.options import JsonOption
from simulator.cli.overlays import reminders, team_overlays
from simulator.errors import ExitCode, InputError, Problem
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.schema import Profile
from simulator.profile.settings import load_settings
from simulator.streams.overlays import overlays_of
from simulator.units import format_duration


def command(
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
