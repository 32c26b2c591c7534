"""Checks across the fields of a profile: names that must exist, instants that must lie inside the run.

Each check names the fields it looked at; it stays silent where one of them is broken already, so that one mistake in a
file gives one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from simulator.errors import Problem
from simulator.profile.document import Document, Steps
from simulator.profile.schema import SHORTEST_RUN_MS, Profile
from simulator.telemetry.matchers import read_matchers
from simulator.units import DAY, SECOND, format_duration

LONGEST_HISTORY_MS: Final = 400 * DAY
"""A year and a month: each day of it costs a draw for every counter of the platform."""


class Findings:
    """Collects problems of one document."""

    def __init__(self, document: Document, broken: Iterable[Steps]) -> None:
        self._document = document
        self._broken = set(broken)
        self.problems: list[Problem] = []

    def is_sound(self, steps: Steps) -> bool:
        """Whether nothing is known to be wrong there, around it or inside it."""
        return not any(steps[: len(bad)] == bad or bad[: len(steps)] == steps for bad in self._broken)

    def is_there(self, steps: Steps) -> bool:
        """Whether it could be read at all, as it or something around it could."""
        return not any(steps[: len(bad)] == bad for bad in self._broken)

    def report(self, steps: Steps, message: str, *needs: Steps, at_key: bool = False) -> None:
        """Note a mistake, unless it or a field that it was concluded from is broken already."""
        if self.is_sound(steps) and all(self.is_sound(need) for need in needs):
            self.problems.append(self._document.problem(steps, message, at_key=at_key))

    def spoil(self, steps: Steps) -> None:
        """Let nothing more be concluded from this field."""
        self._broken.add(steps)


def check_run(profile: Profile, findings: Findings, file: str) -> None:
    """The run as a whole."""
    if profile.name != Path(file).stem:
        findings.report(("name",), f"{profile.name!r} is not how the file is called; write {Path(file).stem}")
    if profile.duration < SHORTEST_RUN_MS:
        length = format_duration(profile.duration)
        findings.report(("duration",), f"{length} is too short; a run takes {format_duration(SHORTEST_RUN_MS)} or more")
        findings.spoil(("duration",))
    days = [holiday.day for holiday in profile.traffic.holidays]
    for index, day in enumerate(days):
        if day in days[:index]:
            other = ("traffic", "holidays", days.index(day), "day")
            message = f"{day} is traffic.holidays[{days.index(day)}] already; a day has one factor"
            findings.report(("traffic", "holidays", index, "day"), message, other)
    if profile.history.length > LONGEST_HISTORY_MS:
        length, most = format_duration(profile.history.length), format_duration(LONGEST_HISTORY_MS)
        findings.report(("history", "length"), f"{length} is too long; at most {most}", ("history",))
    resolution = profile.history.resolution
    if resolution is not None and resolution < SECOND:
        findings.report(("history", "resolution"), f"{format_duration(resolution)} is too fine; 1s or more")
    for index, silence in enumerate(profile.silences):
        if all(matcher.accepts("") for matcher in read_matchers(silence.matchers)):
            message = "these matchers fit alerts without any label; Alertmanager takes no such silence"
            findings.report(("silences", index, "matchers"), message)
        if silence.at >= profile.duration:
            at, length = format_duration(silence.at), format_duration(profile.duration)
            message = f"{at} is not within the run, which takes {length}"
            findings.report(("silences", index, "at"), message, ("duration",))
    if not any(profile.load.journeys.model_dump().values()):
        names = ", ".join(type(profile.load.journeys).model_fields)
        findings.report(("load", "journeys"), f"no journey has a weight above 0; raise one of {names}")
    for field in ("warm_up", "abort_after"):
        length = getattr(profile.load, field)
        if length is not None and length >= profile.duration:
            message = (
                f"{format_duration(length)} is not within the run, which takes {format_duration(profile.duration)}"
            )
            findings.report(("load", field), message, ("duration",))
    if profile.load.abort_after is not None and not profile.load.thresholds:
        findings.report(
            ("load", "abort_after"),
            "there are no thresholds to abort by; write some in load.thresholds",
            ("load", "thresholds"),
        )
