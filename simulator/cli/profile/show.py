"""`crybsim profile show`: what a profile does to the platform, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from simulator.cli.options import ProfileArgument, SeedOption
from simulator.errors import InputError
from simulator.profile.load import load_profile, resolve_profile
from simulator.report.profile_page import render_page
from simulator.report.profile_sketch import render_sketch
from simulator.streams.signal_lines import signal_lines

PAGE_POINTS = 760  # of each line on an HTML page


def command(
    profile: ProfileArgument,
    signals: Annotated[
        list[str] | None,
        typer.Option(
            "--signals",
            metavar="NAME",
            help="Signals of the model, * for any text; several times. Default: what the faults move most.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Draw them on an HTML page instead.")
    ] = None,
    seed: SeedOption = None,
) -> None:
    """Sketch what a profile does to the platform, before you run it: signals over time, faults shaded.

    \b
    Examples:
      crybsim profile show api-errors
      crybsim profile show api-errors --signals 'http.*' --signals db.pool_used
      crybsim profile show profiles/api-errors.yaml --html api-errors.html
    """
    chosen = load_profile(resolve_profile(profile))
    console = Console(highlight=False)
    width = min(console.width, 160)
    points = PAGE_POINTS if html is not None else 2 * width
    lines = signal_lines(chosen, seed=chosen.seed if seed is None else seed, points=points, patterns=signals)
    if html is None:
        console.print(render_sketch(chosen, lines, width))
        return
    try:
        html.write_text(render_page(chosen, lines), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--html {html}: cannot be written: {error.strerror or error}") from error
    typer.echo(html)
