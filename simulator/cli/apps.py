"""A command as typer runs it: loaded by name when it is asked for, so that each brings along only what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import typer

from simulator.cli.commands import Entry


def app_of(entry: Entry, arguments: Sequence[str] = ()) -> typer.Typer:
    """The command; of one with parts only the part that `arguments` begin with, or all where they name none."""
    module = import_module(entry.module)
    if not entry.parts:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name=entry.name)(module.command)
        return app
    app = typer.Typer(add_completion=False, rich_markup_mode=None, help=module.__doc__, callback=_nothing)
    asked = [part for part in arguments[:1] if part in entry.parts]
    for part in asked or entry.parts:
        app.command(name=part)(import_module(f"{entry.module}.{part}").command)
    return app


def _nothing() -> None:
    """A callback makes typer ask for the part even where there is one alone."""
