"""`crybsim catalog faults`: how the platform can break."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from simulator.catalog.faults import FAULT_KINDS, FaultKind, Parameter
from simulator.cli.options import JsonOption
from simulator.units import format_duration


def command(as_json: JsonOption = False) -> None:
    """List the ways in which the platform can break, for `faults` in a profile.

    \b
    Examples:
      crybsim catalog faults
      crybsim catalog faults --json
    """
    if as_json:
        typer.echo(json.dumps([asdict(kind) for kind in FAULT_KINDS], indent=2))
    else:
        typer.echo("\n\n".join(_described(kind) for kind in FAULT_KINDS))


def _described(kind: FaultKind) -> str:
    lines = [
        f"{kind.name}: {kind.summary}",
        f"  intensity   {kind.intensity}",
        f"  target      {', '.join(kind.scopes) or 'all of ' + kind.service}",
        *(f"  parameter   {_parameter(spec)}" for spec in kind.parameters),
        f"  effects     {'; '.join(kind.effects)}",
        f"  live        {kind.live}",
    ]
    return "\n".join(lines)


def _parameter(spec: Parameter) -> str:
    values = (spec.default, spec.minimum, spec.maximum)
    default, low, high = (
        [format_duration(round(value)) for value in values]
        if spec.unit == "duration"
        else [f"{value:g}" for value in values]
    )
    return f"{spec.name}: {spec.meaning}; {default} unless given, from {low} to {high}"
