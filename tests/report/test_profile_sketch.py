"""Braille dots stand where the values are; faults are told and shaded."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from simulator.profile.schema import Profile
from simulator.report.profile_sketch import dots, render_sketch
from simulator.streams.signal_lines import SignalLine


def raised(picture: tuple[str, ...]) -> list[list[int]]:
    """The heights of the dots of each value, read from the picture's own Unicode (ISO/IEC 11548-1 numbers the dots)."""
    numbering = {(0, 0): 1, (1, 0): 2, (2, 0): 3, (3, 0): 7, (0, 1): 4, (1, 1): 5, (2, 1): 6, (3, 1): 8}
    height = 4 * len(picture)
    columns: list[list[int]] = []
    for place in range(len(picture[0])):
        for side in (0, 1):
            columns.append(
                [
                    height - 1 - (4 * row + within)
                    for row, text in enumerate(picture)
                    for within in range(4)
                    if (ord(text[place]) - 0x2800) >> (numbering[within, side] - 1) & 1
                ]
            )
    return columns


@given(st.lists(st.integers(0, 11), min_size=1, max_size=40))
def test_a_dot_stands_at_each_value_and_lines_have_no_gaps(values: list[int]) -> None:
    columns = raised(dots([float(value) for value in values], 0.0, 11.0, 3))
    before = values[0]
    for column, value in zip(columns, values, strict=False):
        assert value in column
        reached = {*column, before}
        assert reached >= set(range(min(before, value), max(before, value) + 1))
        before = value


def test_a_flat_line_lies_at_the_bottom() -> None:
    assert dots([5.0] * 6, 5.0, 5.0, 2) == ("⠀⠀⠀", "⣀⣀⣀")


def test_a_sketch_names_signals_and_faults_and_fits_its_width() -> None:
    fault = {"id": "bad", "kind": "http_errors", "at": "5m", "for": "5m", "target": {"route": "/api/v1/posts"}}
    profile = Profile.model_validate(
        {"name": "p", "description": "x", "start": "2026-01-05T19:30:00", "duration": "20m", "faults": [fault]}
    )
    elapsed = np.arange(100, dtype=np.int64) * 12_000
    values = np.linspace(0.0, 8.0, 100)
    line = SignalLine("http.served", "1/s", "requests", "", elapsed, values, values)
    console = Console(width=80, color_system=None, record=True, file=io.StringIO())
    console.print(render_sketch(profile, [line], 80))
    text = console.export_text().splitlines()
    assert max(map(len, text)) <= 80
    assert "bad: http_errors of /api/v1/posts, intensity 1, at 5m for 5m" in text
    assert text[2] == " " * 20 + "█" * 20 + " " * 40 or text[2].rstrip() == " " * 20 + "█" * 20
    assert "http.served  0 to 8 1/s  requests" in text
