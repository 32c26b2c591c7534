"""The run as lanes on one axis: faults, alerts, notifications, targets down, what could not be observed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.report.phrasing import heard_alerts, offset
from simulator.telemetry.observations import Gap, Observation, TargetObserved
from simulator.units import SECOND
from simulator.verdict.document import AlertTimeline, Moment, Verdict

_STANDINGS: Final = ("expected", "unexpected", "ignored", "not-graded")
_ALONE_MS: Final = 30 * SECOND
"""What is shown of a run in which nothing has a length."""


@dataclass(frozen=True)
class Bar:
    """A state that lasted. Seconds from the run's start; `state` is one word that the style sheet knows."""

    start: float
    end: float
    state: str
    text: str


@dataclass(frozen=True)
class Mark:
    """Something that happened at an instant."""

    at: float
    state: str
    text: str


@dataclass(frozen=True)
class Lane:
    """One row: what it is about, and what happened to it."""

    group: str
    name: str
    detail: str = ""
    bars: tuple[Bar, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def summary(self) -> str:
        """The lane in words."""
        return "; ".join([*(bar.text for bar in self.bars), *(mark.text for mark in self.marks)])


@dataclass(frozen=True)
class Timeline:
    """All lanes, and the span that shows them: seconds from the run's start. `left_out` lanes did not fit."""

    lanes: tuple[Lane, ...]
    start: float
    end: float
    left_out: int = 0

    def share(self, seconds: float) -> float:
        """Where an instant lies, in percent of the width."""
        return round((seconds - self.start) / (self.end - self.start) * 100, 3)


@dataclass(frozen=True)
class Event:
    """One line of the timeline as a table."""

    when: Moment
    what: str


def timeline(verdict: Verdict, journal: Sequence[Observation], most_lanes: int) -> Timeline:
    """The lanes of a run. It begins at the run's start, or with what was seen before it."""
    run = verdict.run
    end_ms = max([run.ends.at_ms, run.started.at_ms + SECOND, *(n.when.at_ms for n in verdict.notifications)])
    frame = _Frame(run.started.at_ms, end_ms)
    lanes = [
        *_faults(verdict, frame),
        *_alerts(verdict, frame),
        *_notifications(verdict, frame),
        *_targets(journal, frame),
        *_gaps(journal, frame),
    ]
    shown = lanes[:most_lanes]
    begins = [0.0, *(bar.start for lane in shown for bar in lane.bars), *(m.at for lane in shown for m in lane.marks)]
    start = max(min(begins), -_ALONE_MS / SECOND)  # an alert that has fired for a week does not squeeze the run
    return Timeline(tuple(shown), start, frame.end, len(lanes) - len(shown))


def events(verdict: Verdict, journal: Sequence[Observation]) -> list[Event]:
    """Everything of the timeline as rows, in order of time."""
    started_ms = verdict.run.started.at_ms
    found: list[Event] = []
    for fault in verdict.faults:
        found += [Event(fault.onset, f"fault {fault.id} ({fault.kind}) begins")]
        found += [Event(fault.end, f"fault {fault.id} ends")]
    for alert in verdict.alerts:
        name = _labelled(alert)
        found.append(Event(alert.pending, f"{name} pending"))
        found += [Event(alert.firing, f"{name} firing")] if alert.firing else []
        found += [Event(alert.resolved, f"{name} resolved")] if alert.resolved else []
    for heard in verdict.notifications:
        problem = f": {heard.problem}" if heard.problem else ""
        found.append(Event(heard.when, f"{heard.kind} {heard.destination} heard {heard_alerts(heard)}{problem}"))
    for seen in journal:
        if isinstance(seen, Gap):
            found.append(Event(Moment.of(seen.at_ms, started_ms), f"not observed: {seen.source}: {seen.reason}"))
        elif isinstance(seen, TargetObserved) and seen.health == "down":
            found.append(Event(Moment.of(seen.at_ms, started_ms), f"target {seen.job} {seen.instance} down"))
    return sorted(found, key=lambda event: event.when.at_ms)


@dataclass(frozen=True)
class _Frame:
    """The run's span; instants become seconds from its start."""

    started_ms: int
    end_ms: int

    @property
    def end(self) -> float:
        return self.seconds(self.end_ms)

    def seconds(self, at_ms: int) -> float:
        return round((at_ms - self.started_ms) / SECOND, 3)


def _faults(verdict: Verdict, frame: _Frame) -> Iterator[Lane]:
    for fault in verdict.faults:
        text = f"fault {fault.id} from {offset(fault.onset)} to {offset(fault.end)}"
        bar = Bar(frame.seconds(fault.onset.at_ms), frame.seconds(fault.end.at_ms), "fault", text)
        yield Lane("Faults", fault.id, f"{fault.kind}, intensity {fault.intensity:g}", (bar,))


def _alerts(verdict: Verdict, frame: _Frame) -> Iterator[Lane]:
    """One lane for each instance of an alert: those that fired before those that were only pending."""
    instances: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[AlertTimeline]] = {}
    for alert in verdict.alerts:
        key = (alert.standing, alert.alert, tuple(sorted(alert.labels.items())))
        instances.setdefault(key, []).append(alert)

    def weight(standing: str, episodes: list[AlertTimeline]) -> tuple[bool, int, int]:
        place = _STANDINGS.index(standing) if standing in _STANDINGS else len(_STANDINGS)
        return all(e.firing is None for e in episodes), place, episodes[0].pending.at_ms

    for (standing, name, labels), episodes in sorted(instances.items(), key=lambda item: weight(item[0][0], item[1])):
        bars = tuple(bar for episode in episodes for bar in _episode(episode, frame))
        detail = ", ".join([standing.replace("-", " "), *(f"{label}={value}" for label, value in labels)])
        yield Lane("Alerts", name, detail, bars)


def _episode(episode: AlertTimeline, frame: _Frame) -> Iterator[Bar]:
    end = frame.end if episode.resolved is None else frame.seconds(episode.resolved.at_ms)
    firing = end if episode.firing is None else frame.seconds(episode.firing.at_ms)
    pending = frame.seconds(episode.pending.at_ms)
    if firing > pending:
        until = offset(episode.firing or episode.resolved) if episode.firing or episode.resolved else "the end"
        yield Bar(pending, firing, "pending", f"{episode.alert} pending from {offset(episode.pending)} to {until}")
    if episode.firing is not None:
        until = offset(episode.resolved) if episode.resolved else "the end"
        yield Bar(firing, end, "firing", f"{episode.alert} firing from {offset(episode.firing)} to {until}")


def _notifications(verdict: Verdict, frame: _Frame) -> Iterator[Lane]:
    lanes: dict[tuple[str, str], list[Mark]] = {}
    for heard in verdict.notifications:
        state = "problem" if heard.problem else ("resolved-sent" if heard.status == "resolved" else "firing-sent")
        problem = f" ({heard.problem})" if heard.problem else ""
        text = f"{heard.kind} {heard.destination}: {heard_alerts(heard)} at {offset(heard.when)}{problem}"
        mark = Mark(frame.seconds(heard.when.at_ms), state, text)
        lanes.setdefault((f"{heard.kind} {heard.destination}", heard.receiver), []).append(mark)
    for (name, receiver), marks in lanes.items():
        yield Lane("Notifications", name, f"receiver {receiver}" if receiver else "", marks=tuple(marks))


def _targets(journal: Sequence[Observation], frame: _Frame) -> Iterator[Lane]:
    """Targets that were down during the run."""
    down: dict[tuple[str, str], list[tuple[int, int]]] = {}
    since: dict[tuple[str, str], int] = {}
    for seen in journal:
        if not isinstance(seen, TargetObserved):
            continue
        key = (seen.job, seen.instance)
        if seen.health == "down":
            since.setdefault(key, seen.at_ms)
        elif key in since:
            down.setdefault(key, []).append((since.pop(key), seen.at_ms))
    for key, at_ms in since.items():
        down.setdefault(key, []).append((at_ms, frame.end_ms))
    for (job, instance), spans in down.items():
        within = _clipped(spans, frame)
        bars = tuple(Bar(a, b, "down", f"target {job} {instance} down for {b - a:.0f}s") for a, b in within)
        if bars:
            yield Lane("Targets down", job, instance, bars)


def _clipped(spans: Iterable[tuple[int, int]], frame: _Frame) -> Iterator[tuple[float, float]]:
    """Those parts that lie within the run: before it, nothing was up yet."""
    for start_ms, end_ms in spans:
        if end_ms > frame.started_ms:
            yield frame.seconds(max(start_ms, frame.started_ms)), frame.seconds(min(end_ms, frame.end_ms))


def _gaps(journal: Sequence[Observation], frame: _Frame) -> Iterator[Lane]:
    marks: dict[str, list[Mark]] = {}
    for seen in journal:
        if isinstance(seen, Gap):
            at = min(max(frame.seconds(seen.at_ms), 0.0), frame.end)
            marks.setdefault(seen.source, []).append(Mark(at, "gap", f"{seen.source} not observed: {seen.reason}"))
    for source, found in marks.items():
        yield Lane("Not observed", source, marks=tuple(found))


def _labelled(alert: AlertTimeline) -> str:
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(alert.labels.items()))
    return f"{alert.alert}{{{inside}}}" if inside else alert.alert
