"""Flags that the parts of `crybsim catalog` share."""

from __future__ import annotations

from typing import Annotated

import typer

ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="PROFILE", help="Apply the overlays that this profile names, too.")
]
JobOption = Annotated[str | None, typer.Option("--job", metavar="JOB", help="One scrape job of the catalogue.")]
