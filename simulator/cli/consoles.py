"""Where reports for people are printed."""

from __future__ import annotations

import os
import sys
from typing import Final

from rich.console import Console

_WITHOUT_TERMINAL: Final = 120
"""Columns of a file or a pipe: rich would take 80."""


def report_console(*, stderr: bool = False) -> Console:
    """As wide as the terminal, or as `COLUMNS` says; else wide enough for tables."""
    stream = sys.stderr if stderr else sys.stdout
    is_told = stream.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stderr, width=None if is_told else _WITHOUT_TERMINAL, highlight=False)
