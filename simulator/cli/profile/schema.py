"""`crybsim profile schema`: for editors."""

from __future__ import annotations

import typer

from simulator.cli.new_files import schema_text
from simulator.profile.json_schema import profile_schema


def command() -> None:
    """Print the JSON Schema of profiles (draft 2020-12), which editors complete and check with.

    \b
    Examples:
      crybsim profile schema > profiles/profile.schema.json
    """
    typer.echo(schema_text(profile_schema()), nl=False)
