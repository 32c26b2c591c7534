"""Do two rehearsals of one profile tell the same story? Written once, for quick pairs and for long ones.

They agree when the same alerts fired, each instant as near as it can be known (a scrape and an evaluation), in the same
order where they are further apart, and when the same receivers heard of the same alerts. What happens that near to the
run's end may have happened in one of them only. Of an alert that was active when the run began only its end counts: a
live run's servers begin a few seconds before and wait for its `for` anew, those of virtual time began hours before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

Verdict = Mapping[str, Any]
Name = tuple[str, tuple[tuple[str, str], ...]]
_Episodes = dict[tuple[Name, int], dict[str, int | None]]
_STATES = ("pending", "firing", "resolved")


def disagreements(one: Verdict, other: Verdict, *, resolution_ms: int) -> list[str]:
    """What differs, one line each; nothing where both agree."""
    ends_ms = one["run"]["ends"]["offset_ms"] - resolution_ms
    return [
        *_of_alerts(one, other, resolution_ms, ends_ms),
        *_of_order(one, other, resolution_ms),
        *_of_notifications(one, other, ends_ms),
    ]


def _fired(verdict: Verdict) -> _Episodes:
    """Every episode that fired, by alert, labels and a number among its like: its instants, from the run's start."""
    found: _Episodes = {}
    numbers: Counter[Name] = Counter()
    for alert in verdict["alerts"]:
        if alert["firing"]:
            name = (alert["alert"], tuple(sorted(alert["labels"].items())))
            found[name, numbers[name]] = {
                state: alert[state]["offset_ms"] if alert[state] else None for state in _STATES
            }
            numbers[name] += 1
    return found


def _comparable(one: Verdict, other: Verdict) -> tuple[_Episodes, _Episodes]:
    """The episodes of both; of what one of them had at its start already, neither beginning."""
    here, there = _fired(one), _fired(other)
    for episode in here.keys() & there.keys():
        if min(run[episode]["pending"] or 0 for run in (here, there)) < 0:
            for run in (here, there):
                run[episode] = {"pending": None, "firing": None, "resolved": run[episode]["resolved"]}
    return here, there


def _of_alerts(one: Verdict, other: Verdict, resolution_ms: int, ends_ms: int) -> Iterator[str]:
    here, there = _comparable(one, other)
    for episode in sorted(here.keys() | there.keys()):
        if episode not in here or episode not in there:
            at = (here.get(episode) or there[episode])["firing"]
            assert at is not None
            if at < ends_ms:
                yield f"{_text(episode)} fired only in the {'second' if episode in there else 'first'}, at {at} ms"
            continue
        for state in _STATES:
            times = here[episode][state], there[episode][state]
            known = [time for time in times if time is not None]
            apart = abs(known[0] - known[1]) > resolution_ms if len(known) == 2 else any(t < ends_ms for t in known)
            if apart:
                yield f"{_text(episode)} {state} at {times[0]} and {times[1]} ms, more than {resolution_ms} ms apart"


def _of_order(one: Verdict, other: Verdict, resolution_ms: int) -> Iterator[str]:
    """Instants that are further apart than they can be mistaken by come in the same order."""
    here, there = (
        {(episode, state): at for episode, times in run.items() for state, at in times.items() if at is not None}
        for run in _comparable(one, other)
    )
    for first, second in combinations(sorted(here.keys() & there.keys()), 2):
        gaps = here[second] - here[first], there[second] - there[first]
        if max(map(abs, gaps)) > resolution_ms and (gaps[0] > 0) != (gaps[1] > 0):
            names = [f"{_text(episode)} {state}" for episode, state in (first, second)]
            yield f"{' and '.join(names)} come in different orders: {gaps[0]} and {gaps[1]} ms from one to the other"


def _heard(verdict: Verdict) -> dict[tuple[str, ...], int]:
    """When each receiver first heard of an alert in some state."""
    found: dict[tuple[str, ...], int] = {}
    for told in verdict["notifications"]:
        for alert in told["alerts"]:
            labels = ", ".join(f"{name}={value}" for name, value in sorted(alert["labels"].items()))
            key = (told["kind"], told["destination"], told["receiver"], alert["alert"], labels, alert["status"])
            found.setdefault(key, told["when"]["offset_ms"])
    return found


def _of_notifications(one: Verdict, other: Verdict, ends_ms: int) -> Iterator[str]:
    here, there = _heard(one), _heard(other)
    for key in sorted(here.keys() ^ there.keys()):
        at = here.get(key, there.get(key, 0))
        if at < ends_ms:
            yield f"{' '.join(key)} was heard only in the {'first' if key in here else 'second'}, at {at} ms"


def _text(episode: tuple[Name, int]) -> str:
    (alert, labels), number = episode
    inside = ", ".join(f"{name}={value}" for name, value in labels)
    return f"{alert}{{{inside}}}" + (f" ({number + 1})" if number else "")
