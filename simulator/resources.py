"""Where the shipped files are: beside the package in a clone, inside it once installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """The shipped `profiles`, `scenarios` or `monitoring` folder. Raises FileNotFoundError."""
    for candidate in (_PACKAGE / "_shipped" / folder, _PACKAGE.parent / folder):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the shipped folder {folder!r} is missing; install crybsim again")
