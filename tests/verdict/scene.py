"""A run that passes, and ways to make another run of it: the twins that must not pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from simulator.profile.manifest import Manifest
from simulator.profile.schema import Profile
from simulator.telemetry.observations import (
    AlertmanagerObserved,
    AlertObserved,
    AlertState,
    FaultEdge,
    LoadEnded,
    LoadMeasured,
    NotificationKind,
    NotificationReceived,
    NotifiedAlert,
    Observation,
    RequestTotals,
    RuleEvaluated,
    SelectorObserved,
    TargetObserved,
)
from simulator.telemetry.rules import AlertRule, Matcher, Selector
from simulator.units import HOUR, MINUTE, SECOND
from simulator.verdict import EngineFacts, Mode, Outcome, Verdict, Word, judge

START = 1_767_643_200_000  # 2026-01-05T20:00:00Z
ONSET = START + 2 * MINUTE
FAULT_END = START + 6 * MINUTE
END = START + 12 * MINUTE

CRITICAL = (("service", "cryb-api"), ("severity", "critical"))


def selector(metric: str, *, absence: bool = False, window_ms: int = 0, **labels: str) -> Selector:
    """A selector with equality matchers."""
    return Selector(metric, tuple(Matcher(name, "=", value) for name, value in labels.items()), window_ms, absence)


def rule(name: str, *selectors: Selector, **fields: object) -> AlertRule:
    """A rule of the group `g`, evaluated every 15 s."""
    base = AlertRule(
        name=name,
        group="g",
        file="rules.yml",
        expr=" or ".join(map(str, selectors)) or "vector(1)",
        for_ms=2 * MINUTE,
        interval_ms=15 * SECOND,
        labels=(("severity", "critical"),),
        annotations=(),
        selectors=selectors,
        reach_ms=max((s.window_ms for s in selectors), default=0),
    )
    return replace(base, **fields)


ERRORS = selector("http_requests_total", code="500", window_ms=MINUTE)
RULES = (
    rule("HighErrorRate", selector("http_requests_total", window_ms=MINUTE), ERRORS),
    rule("APIServiceDown", selector("up", absence=True, job="cryb-api"), for_ms=MINUTE),
    rule("DiskAlmostFull", selector("node_filesystem_free_bytes"), labels=(("severity", "warning"),)),
    rule("SLOAvailabilityFastBurn", selector("http_requests_total", window_ms=6 * HOUR)),
    rule("Watchdog", for_ms=0, labels=(("severity", "info"),)),
)

PROFILE: dict[str, object] = {
    "name": "api-errors",
    "description": "A fifth of the requests fails.",
    "start": "2026-01-05T20:00:00",
    "duration": "12m",
    "faults": [{"id": "errors", "kind": "http_errors", "at": "2m", "for": "4m", "intensity": 0.2}],
    "expect": {
        "alerts": [
            {
                "name": "HighErrorRate",
                "labels": {"severity": "critical"},
                "caused_by": "errors",
                "fires_after": "1m",
                "fires_within": "3m",
                "resolves_within": "3m",
                "notifies": ["#critical-alerts", "pagerduty", "sre-team@cryb.ai", "receiver:critical"],
            }
        ],
        "silent": ["APIServiceDown"],
    },
}

FACTS = EngineFacts(
    mode=Mode.LIVE,
    prometheus_version="2.42.0",
    alertmanager_version="0.25.0",
    history_start_ms=START,
    scrape_interval_ms=10 * SECOND,
    evaluation_interval_ms=15 * SECOND,
    job_services={"cryb-api": "api"},
)


def changed(
    state: AlertState, since_ms: int, alert: str = "HighErrorRate", labels: tuple[tuple[str, str], ...] = CRITICAL
) -> AlertObserved:
    """A change of an alert's state, seen two seconds later."""
    return AlertObserved(since_ms + 2 * SECOND, alert, labels, state, since_ms, 0.2)


def fired(
    alert: str, pending_ms: int, firing_ms: int, labels: tuple[tuple[str, str], ...] = CRITICAL
) -> tuple[AlertObserved, ...]:
    """An alert that fires and keeps firing."""
    return changed(AlertState.PENDING, pending_ms, alert, labels), changed(AlertState.FIRING, firing_ms, alert, labels)


def told(
    kind: NotificationKind, receiver: str, destination: str, at_ms: int, status: str = "firing", **fields: object
) -> NotificationReceived:
    """A notification of HighErrorRate."""
    alerts = (NotifiedAlert("HighErrorRate", status, CRITICAL),)
    base = NotificationReceived(at_ms, kind, receiver, destination, status, alerts, title="HighErrorRate")
    return replace(base, **fields)


def totals(requests: int = 12_000, rate_limited: int = 0, failures: int = 800) -> RequestTotals:
    return RequestTotals("Aggregated", requests, failures, rate_limited, 0.02, 0.09, 0.2, 0.9)


def load_ended(**fields: object) -> LoadEnded:
    return replace(LoadEnded(END + SECOND, (totals(),), totals(), 0.98, 0.3), **fields)


def load_measured(at_ms: int, requests: int = 160) -> LoadMeasured:
    """Load over the last ten seconds."""
    return LoadMeasured(at_ms, 20, requests, 0, requests / 10, 16.0, 0.02, 0.09, 0.2)


def passing_journal() -> tuple[Observation, ...]:
    """The journal of a run in which all went as it should."""
    begun, ended = START + 2 * SECOND, END + 2 * SECOND
    notified = ONSET + 2 * MINUTE + 40 * SECOND
    journal: list[Observation] = []
    for alert in RULES:
        journal.append(RuleEvaluated(begun, "g", alert.name, "unknown", "", 0, alert.labels))
        journal.append(RuleEvaluated(ended, "g", alert.name, "ok", "", END - 5 * SECOND, alert.labels))
        for one in alert.selectors:
            for at_ms in (ONSET - 5 * SECOND, ended):
                journal.append(SelectorObserved(at_ms, alert.name, str(one), 3, absence=one.absence))
    journal += [
        TargetObserved(begun, "cryb-api", "cryb-api", "unknown"),
        TargetObserved(begun + 10 * SECOND, "cryb-api", "cryb-api", "up"),
        TargetObserved(begun, "prometheus", "localhost:9090", "up"),
        FaultEdge(ONSET, "errors", "http_errors", "onset"),
        FaultEdge(FAULT_END, "errors", "http_errors", "end"),
        *fired("Watchdog", START + 5 * SECOND, START + 5 * SECOND, (("severity", "info"),))[1:],
        *fired("HighErrorRate", ONSET + 30 * SECOND, ONSET + 2 * MINUTE + 30 * SECOND),
        AlertmanagerObserved(
            notified, "HighErrorRate", CRITICAL, "active", ("critical", "pagerduty"), fingerprint="f1"
        ),
        told(NotificationKind.SLACK, "critical", "#critical-alerts", notified),
        told(NotificationKind.EMAIL, "critical", "devops@cryb.ai, sre-team@cryb.ai", notified),
        told(NotificationKind.PAGERDUTY, "pagerduty", "R0****", notified),
        changed(AlertState.INACTIVE, FAULT_END + MINUTE),
        told(NotificationKind.SLACK, "critical", "#critical-alerts", FAULT_END + 2 * MINUTE, "resolved"),
        *(load_measured(START + n * 10 * SECOND) for n in range(1, 73)),
        load_ended(),
    ]
    return tuple(sorted(journal, key=lambda observation: observation.at_ms))


@dataclass(frozen=True)
class Scene:
    """A run: everything that a judge is given."""

    profile: dict[str, object]
    rules: tuple[AlertRule, ...]
    journal: tuple[Observation, ...]
    facts: EngineFacts

    def judged(self) -> Verdict:
        """The verdict on it."""
        manifest = Manifest(
            run_id="run-1",
            mode="live",
            profile=Profile.model_validate(self.profile),
            profile_sha256="0" * 64,
            profile_path="profiles/api-errors.yaml",
            seed=1,
            started_ms=START,
        )
        return judge(manifest, self.rules, self.journal, self.facts)

    def without(self, gone: Callable[[Observation], bool]) -> Scene:
        """The same without some observations."""
        return replace(self, journal=tuple(o for o in self.journal if not gone(o)))

    def plus(self, *more: Observation) -> Scene:
        """The same with more observations, each at its time."""
        return replace(self, journal=tuple(sorted((*self.journal, *more), key=lambda o: o.at_ms)))

    def each(self, change: Callable[[Observation], Observation]) -> Scene:
        """The same with every observation changed."""
        return replace(self, journal=tuple(map(change, self.journal)))

    def given(self, **facts: object) -> Scene:
        """The same under other circumstances."""
        return replace(self, facts=replace(self.facts, **facts))

    def expecting(self, **expect: object) -> Scene:
        """The same with parts of `expect` replaced."""
        return self.profiled(expect={**_mapping(self.profile["expect"]), **expect})

    def alert(self, **fields: object) -> Scene:
        """The same with fields of its one expected alert replaced; None takes one away."""
        expect = _mapping(self.profile["expect"])
        entry = {**expect["alerts"][0], **fields}
        return self.expecting(alerts=[{name: value for name, value in entry.items() if value is not None}])

    def profiled(self, **fields: object) -> Scene:
        """The same with parts of the profile replaced."""
        return replace(self, profile={**self.profile, **fields})

    def ruled(self, *rules: AlertRule) -> Scene:
        """The same with more rules, evaluated and seeing."""
        more: list[Observation] = []
        for one in rules:
            more.append(RuleEvaluated(END + 2 * SECOND, "g", one.name, "ok", "", END - 5 * SECOND, one.labels))
            more += [SelectorObserved(END + 2 * SECOND, one.name, str(s), 1) for s in one.selectors]
        return replace(self.plus(*more), rules=(*self.rules, *rules))


def _mapping(value: object) -> dict:
    assert isinstance(value, dict)
    return value


PASSING = Scene(PROFILE, RULES, passing_journal(), FACTS)
"""A run of api-errors that passes."""

QUIET = (
    PASSING.without(lambda o: isinstance(o, FaultEdge | AlertmanagerObserved | NotificationReceived))
    .without(lambda o: isinstance(o, AlertObserved) and o.alert != "Watchdog")
    .profiled(faults=[], expect={})
)
"""A run without a fault in which nothing fires but Watchdog; it passes."""


def no(kind: type, /, **fields: object) -> Callable[[Observation], bool]:
    """True for observations of a kind whose fields have these values."""
    return lambda o: isinstance(o, kind) and all(getattr(o, name) == value for name, value in fields.items())


def moved(scene: Scene, by_ms: int, *states: AlertState) -> Scene:
    """The same with HighErrorRate's changes to these states coming later (or earlier)."""

    def move(o: Observation) -> Observation:
        if isinstance(o, AlertObserved) and o.alert == "HighErrorRate" and o.state in states:
            return replace(o, at_ms=o.at_ms + by_ms, since_ms=o.since_ms + by_ms)
        return o

    return scene.each(move)


def must_not_pass(scene: Scene, place: str, word: Word, says: str) -> None:
    """The verdict has this finding, and its outcome is what the word stands for."""
    verdict = scene.judged()
    told_of = [(f.expectation, f.word, f.message) for f in verdict.findings if f.word is not Word.MET]
    assert verdict.outcome is (Outcome.INCONCLUSIVE if word is Word.UNOBSERVED else Outcome.FAIL), told_of
    assert any((p, w) == (place, word) and says in message for p, w, message in told_of), told_of


def must_pass(scene: Scene) -> None:
    """The verdict is a pass."""
    verdict = scene.judged()
    assert verdict.outcome is Outcome.PASS, [f.message for f in verdict.findings if f.word is not Word.MET]


SILENT = PASSING.without(no(AlertObserved, alert="HighErrorRate")).without(
    lambda o: isinstance(o, NotificationReceived | AlertmanagerObserved)
)
"""The passing run, but HighErrorRate was never active."""

OUTAGE = PASSING.profiled(
    faults=[{"id": "errors", "kind": "outage", "at": "2m", "for": "4m"}],
    platform={"instances": {"api": 2}},
).plus(
    TargetObserved(ONSET + 8 * SECOND, "cryb-api", "cryb-api", "down", "connection refused"),
    TargetObserved(FAULT_END + 20 * SECOND, "cryb-api", "cryb-api", "up"),
)
"""The passing run, but its fault takes the API down."""

WARNING = (("severity", "warning"),)
DISK_FIRED = fired("DiskAlmostFull", ONSET, ONSET + 2 * MINUTE, WARNING)
FIRED = ONSET + 2 * MINUTE + 30 * SECOND
"""When HighErrorRate fires in the passing run."""
