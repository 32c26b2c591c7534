"""The catalogue as a table and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from simulator.catalog.areas import area_of
from simulator.catalog.families import Family

_WITHOUT_TERMINAL: Final = 200  # columns


def as_json(family: Family) -> dict[str, Any]:
    """A family in machine output."""
    return {
        "job": family.job,
        "name": family.name,
        "type": family.type.value,
        "unit": family.unit,
        "help": family.help,
        "labels": list(family.label_names),
        "buckets": list(family.bounds),
        "signal": family.signal or None,
        "caused_by": family.caused_by.value,
        "with_load": family.with_load or None,
        "area": area_of(family),
    }


def whole_families(families: Iterable[Family]) -> tuple[Family, ...]:
    """One entry for each job and name, sorted by both; further entries of a family show more of its series."""
    found: dict[tuple[str, str], Family] = {}
    for family in families:
        found.setdefault((family.job, family.name), family)
    return tuple(found[key] for key in sorted(found))


def print_table(families: Iterable[Family]) -> None:
    """On stdout, one line for each family where the terminal is wide enough."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("job", "family"):
        table.add_column(column, overflow="fold")
    table.add_column("type")
    for column in ("labels", "buckets", "driven by"):
        table.add_column(column, overflow="fold")
    for family in families:
        bounds = family.bounds
        buckets = f"{bounds[0]:g} … {bounds[-1]:g} ({len(bounds)})" if bounds else ""
        driven = family.signal or "written values"
        table.add_row(family.job, family.name, family.type.value, ", ".join(family.label_names), buckets, driven)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WITHOUT_TERMINAL, highlight=False).print(table)
