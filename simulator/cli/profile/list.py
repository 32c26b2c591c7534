"""`crybsim profile list`: the profiles that can be named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from simulator.cli.options import JsonOption
from simulator.errors import InputError
from simulator.profile.load import load_profile, profile_files
from simulator.units import format_duration


def command(as_json: JsonOption = False) -> None:
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
