"""`crybsim catalog signals`: what the model can drive a metric with."""

from __future__ import annotations

import json

import typer

import simulator.model.signals  # noqa: F401  # registers the signals
from simulator.cli.options import JsonOption
from simulator.model.moment import SIGNALS


def command(as_json: JsonOption = False) -> None:
    """List the signals of the model, which drive the families; an overlay binds new families to them.

    \b
    Examples:
      crybsim catalog signals
    """
    rows = [SIGNALS[name] for name in sorted(SIGNALS)]
    if as_json:
        content = [{"name": row.name, "unit": row.unit, "meaning": row.meaning} for row in rows]
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        typer.echo(f"{row.name:<{width}}  {row.unit or '-':<8} {row.meaning}")
