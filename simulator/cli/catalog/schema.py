"""`crybsim catalog schema`: for editors."""

from __future__ import annotations

import typer

from simulator.cli.new_files import schema_text
from simulator.profile.json_schema import overlay_schema


def command() -> None:
    """Print the JSON Schema of overlays (draft 2020-12), which editors complete and check with.

    \b
    Examples:
      crybsim catalog schema > overlay.schema.json
    """
    typer.echo(schema_text(overlay_schema()), nl=False)
