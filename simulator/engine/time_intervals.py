"""Alertmanager's time intervals: does an instant lie in one, and at which instants does that change?

Source: https://prometheus.io/docs/alerting/latest/configuration/#time_interval-0. The real Alertmanager judges in a
replay; this model says beforehand where its answer changes, and what is to be expected at full length.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulator.telemetry.interval import Interval
from simulator.units import MINUTE

Range = tuple[int, int]
"""First and last, both included; of minutes of the day the last is not."""

_WEEKDAYS: Final = {day.lower(): number for number, day in enumerate(calendar.day_name, 1)} | {"sunday": 0}
_MONTHS: Final = {month.lower(): number for number, month in enumerate(calendar.month_name) if month}


@dataclass(frozen=True)
class TimeInterval:
    """One entry of a time interval. None allows everything; days of the month may count from its end."""

    minutes: tuple[Range, ...] | None = None
    weekdays: tuple[Range, ...] | None = None  # Sunday is 0
    days: tuple[Range, ...] | None = None
    months: tuple[Range, ...] | None = None
    years: tuple[Range, ...] | None = None
    location: str = "UTC"

    def contains(self, at_ms: int) -> bool:
        """Whether an instant (epoch ms) lies in it."""
        at = datetime.fromtimestamp(at_ms // 1000, ZoneInfo(self.location))
        minute, weekday = at.hour * 60 + at.minute, at.isoweekday() % 7
        return (
            (self.minutes is None or any(first <= minute < last for first, last in self.minutes))
            and (self.days is None or _on_day(at, self.days))
            and _within(at.month, self.months)
            and _within(weekday, self.weekdays)
            and _within(at.year, self.years)
        )


TimeIntervals = Mapping[str, tuple[TimeInterval, ...]]
"""Named time intervals: an instant is in one when it is in any of its entries."""


def is_within(names: Iterable[str], intervals: TimeIntervals, at_ms: int) -> str | None:
    """The first of the named intervals that an instant lies in, or None."""
    return next((name for name in names if any(one.contains(at_ms) for one in intervals[name])), None)


def changes(intervals: Iterable[TimeInterval], span: Interval) -> tuple[int, ...]:
    """The instants within a span at which it changes whether an interval contains them: whole minutes, rising."""
    some = tuple(intervals)
    found: list[int] = []
    before = [one.contains(span.start_ms) for one in some]
    for at_ms in range(span.start_ms - span.start_ms % MINUTE + MINUTE, span.end_ms, MINUTE):
        now = [one.contains(at_ms) for one in some]
        if now != before:
            found.append(at_ms)
            before = now
    return tuple(found)


def read_time_intervals(document: Mapping[str, Any]) -> TimeIntervals:
    """The time intervals of a configuration that Alertmanager accepted, those of the old name included.

    The zone `Local`, production's own, is taken for UTC.
    """
    return {
        str(named["name"]): tuple(_interval(one or {}) for one in named.get("time_intervals") or ())
        for key in ("mute_time_intervals", "time_intervals")
        for named in document.get(key) or ()
    }


def _interval(written: Mapping[str, Any]) -> TimeInterval:
    times = written.get("times")
    location = str(written.get("location") or "UTC")
    return TimeInterval(
        minutes=None if not times else tuple((_minute(t["start_time"]), _minute(t["end_time"])) for t in times),
        weekdays=_ranges(written.get("weekdays"), _WEEKDAYS),
        days=_ranges(written.get("days_of_month"), {}),
        months=_ranges(written.get("months"), _MONTHS),
        years=_ranges(written.get("years"), {}),
        location="UTC" if location == "Local" else location,
    )


def _minute(text: Any) -> int:
    hours, minutes = str(text).split(":")
    return int(hours) * 60 + int(minutes)


def _ranges(written: Sequence[Any] | None, names: Mapping[str, int]) -> tuple[Range, ...] | None:
    if not written:
        return None
    ranges = []
    for one in written:
        first, _, last = str(one).lower().partition(":")
        ranges.append((_number(first, names), _number(last or first, names)))
    return tuple(ranges)


def _number(text: str, names: Mapping[str, int]) -> int:
    return names[text.strip()] if text.strip() in names else int(text)


def _within(value: int, ranges: tuple[Range, ...] | None) -> bool:
    return ranges is None or any(first <= value <= last for first, last in ranges)


def _on_day(at: datetime, ranges: tuple[Range, ...]) -> bool:
    length = calendar.monthrange(at.year, at.month)[1]
    for first, last in ranges:
        begin = first + length + 1 if first < 0 else first
        end = last + length + 1 if last < 0 else last
        if begin <= length and begin <= at.day <= min(end, length):
            return True
    return False
