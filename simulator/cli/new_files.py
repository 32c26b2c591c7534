"""Files that `crybsim init` and `crybsim profile new` start for a team; what is there is never written over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from simulator.errors import InputError
from simulator.profile.json_schema import profile_schema
from simulator.profile.load import parse_profile

FOLDER: Final = Path("profiles")


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
