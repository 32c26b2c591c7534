"""What `crybsim stack up` and `status` say of a stack that stands."""

from __future__ import annotations

import typer

from simulator.stack.standing import NOTIFICATIONS_FILE, Standing


def show(standing: Standing) -> None:
    """Where its parts are, and where notifications are kept."""
    for name, url in standing.urls.items():
        say(f"{name:<12}  {url}")
    say(f"{'notified':<12}  {standing.folder}/{NOTIFICATIONS_FILE}")


def say(text: str) -> None:
    """A line for people."""
    typer.echo(text, err=True)
