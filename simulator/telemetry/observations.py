"""What observers saw during a run. A journal is a list of these, in the order they were seen.

Every time is wall time in milliseconds since the Unix epoch, `at_ms` being when it was observed.
Observations are facts; what they mean is `simulator.verdict`'s business.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.telemetry.samples import Labels


class AlertState(StrEnum):
    """As Prometheus's rule manager has them."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


class NotificationKind(StrEnum):
    """How a notification was sent; the integrations of Alertmanager."""

    SLACK = "slack"
    EMAIL = "email"
    PAGERDUTY = "pagerduty"
    WEBHOOK = "webhook"
    OPSGENIE = "opsgenie"
    VICTOROPS = "victorops"
    PUSHOVER = "pushover"
    TELEGRAM = "telegram"
    WECHAT = "wechat"
    SNS = "sns"
    WEBEX = "webex"
    DISCORD = "discord"
    MSTEAMS = "msteams"
    JIRA = "jira"
    ROCKETCHAT = "rocketchat"
    MATTERMOST = "mattermost"
    INCIDENTIO = "incidentio"


@dataclass(frozen=True)
class AlertObserved:
    """One alert instance changed state, as Prometheus tells it.

    `since_ms` is the instant of the change by Prometheus's own account where it gives one
    (`activeAt` for pending, the first evaluation that showed it otherwise).
    """

    at_ms: int
    alert: str
    labels: Labels  # without alertname
    state: AlertState
    since_ms: int
    value: float | None = None


@dataclass(frozen=True)
class AlertmanagerObserved:
    """An alert as Alertmanager holds it: which receivers it is routed to, and what keeps it quiet."""

    at_ms: int
    alert: str
    labels: Labels
    state: str  # active, suppressed, unprocessed
    receivers: tuple[str, ...]
    inhibited_by: tuple[str, ...] = ()  # fingerprints
    silenced_by: tuple[str, ...] = ()
    fingerprint: str = ""
    muted_by: tuple[str, ...] = ()  # time intervals; Alertmanager tells from 0.28 on


@dataclass(frozen=True)
class RuleEvaluated:
    """The health of one alerting rule, observed again whenever it changes and once at the end."""

    at_ms: int
    group: str
    alert: str
    health: str  # ok, err, unknown
    error: str = ""
    last_evaluation_ms: int = 0
    labels: Labels = ()  # the rule's own


@dataclass(frozen=True)
class RecordingEvaluated:
    """The health of a recording rule that fails, and again when it changes."""

    at_ms: int
    group: str
    record: str
    health: str  # ok, err
    error: str = ""


@dataclass(frozen=True)
class SelectorObserved:
    """How many series one vector selector of an alert's expression (its recording rules unfolded) matched.

    `possible` is set where nothing matched although it could: the metric and every label name exist, and the
    catalogue declares values that the matchers accept (a `code=~"5.."` on an evening without errors).
    """

    at_ms: int
    alert: str
    selector: str
    series: int
    possible: bool = False
    absence: bool = False  # the rule asks for absence, so it must have been seen matching at the baseline
    foreign: int = 0  # of these, how many lack the label of the run's own series (staging)
    hint: str = ""  # why nothing matched, as far as that can be told
    unknown: str = ""  # the metric that nothing in this run exposes, whatever production may have


@dataclass(frozen=True)
class TargetObserved:
    """One scrape target changed health (`up`), as Prometheus's targets API tells it."""

    at_ms: int
    job: str
    instance: str
    health: str  # up, down, unknown
    error: str = ""


@dataclass(frozen=True)
class NotifiedAlert:
    """One alert inside a notification."""

    alert: str
    status: str  # firing, resolved
    labels: Labels = ()
    starts_at_ms: int | None = None


@dataclass(frozen=True)
class NotificationReceived:
    """One notification as a stand-in receiver got it.

    `receiver` is the Alertmanager receiver's name; `destination` is the Slack channel, the e-mail address, the
    PagerDuty routing key (masked) or the URL's path. `problem` tells why the real service would have refused the
    payload, or that a template did not render.
    """

    at_ms: int
    kind: NotificationKind
    receiver: str
    destination: str
    status: str  # firing, resolved
    alerts: tuple[NotifiedAlert, ...]
    title: str = ""
    text: str = ""
    problem: str = ""


@dataclass(frozen=True)
class FaultEdge:
    """A fault of the profile began or ended (the true instant, from the manifest)."""

    at_ms: int
    fault: str
    kind: str
    edge: str  # onset, end


@dataclass(frozen=True)
class LoadMeasured:
    """Load over the last interval, as the generator counted it. Latencies in seconds."""

    at_ms: int
    users: int
    requests: int
    failures: int
    requests_per_second: float
    target_per_second: float
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    p99_seconds: float | None = None


@dataclass(frozen=True)
class RequestTotals:
    """The whole run's figures for one request name. Latencies in seconds."""

    name: str
    requests: int
    failures: int
    rate_limited: int
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    max_seconds: float | None = None
    declined: int = 0  # 4xx that the journey counts with: neither failures nor anything amiss
    kind: str = "latency"  # latency, or what stands in the fields of seconds instead: score (MOS), share
    refused: int = 0  # no connection was taken; this and the next three: requests without an answer
    timed_out: int = 0
    aborted: int = 0  # the connection ended first, or the user was stopped
    no_connection: int = 0  # there was no way to ask at all
    codes: tuple[tuple[str, int], ...] = ()  # answers by status

    @property
    def unanswered(self) -> int:
        """Requests that got no answer."""
        return self.refused + self.timed_out + self.aborted + self.no_connection

    @property
    def unanswered_told(self) -> str:
        """`12 refused, 3 timed out`; empty where all were answered."""
        return unanswered_told(self.refused, self.timed_out, self.aborted, self.no_connection)


def unanswered_told(refused: int, timed_out: int, aborted: int, no_connection: int) -> str:
    """Requests without an answer, for people: `12 refused, 3 timed out`; empty where there are none."""
    counts = {"refused": refused, "timed out": timed_out, "aborted": aborted, "without a connection": no_connection}
    return ", ".join(f"{count:,} {how}" for how, count in counts.items() if count)


@dataclass(frozen=True)
class Account:
    """What was sent, how it ended, and what the API counted of it.

    sent = answered + refused + timed_out + aborted + no_connection
    counted + uncounted = answered + unheard + residue
    """

    what: str  # requests, messages, calls
    sent: int
    answered: int
    refused: int
    timed_out: int
    aborted: int
    no_connection: int
    counted: int  # by the API
    unheard: int  # of those: whoever had asked was gone. Of calls less than 0: joined again without having left
    uncounted: int = 0  # answered by a refusal that the API's counter leaves out
    residue: int = 0  # what nobody can explain: the differences of all routes and statuses, without their signs
    differing: tuple[str, ...] = ()  # where

    @property
    def told(self) -> str:
        """The account as a sentence; of what did not happen, only the residue is said."""
        unanswered = unanswered_told(self.refused, self.timed_out, self.aborted, self.no_connection)
        ended = ", ".join(filter(None, (f"{self.answered:,} answered", unanswered)))
        counted = [f"the API counted {self.counted:,}"]
        if self.unheard > 0:
            counted.append(f"{self.unheard:,} of them after whoever had asked was gone")
        if self.uncounted:
            counted.append(f"it leaves out {self.uncounted:,} that it refused")
        return f"{self.what}: {self.sent:,} sent: {ended}; {', '.join(counted)}; residue {self.residue:,}"

    def explained(self, tolerance: float) -> bool:
        """Whether the residue is at most this share of what was sent."""
        return self.residue <= tolerance * self.sent


@dataclass(frozen=True)
class PlanKept:
    """One scenario's plan and what was done of it, until the load stopped to follow the plan."""

    scenario: str  # http, socketio, voice
    unit: str  # requests, messages, calls, iterations
    planned: float
    done: int
    missed: int = 0  # that no user was free to do; of the open model, what was dropped
    late: int = 0  # done, but begun after they were due

    @property
    def ratio(self) -> float | None:
        """Done over planned; None where nothing was planned."""
        return self.done / self.planned if self.planned else None

    @property
    def by_chance(self) -> float:
        """How far the ratio of so few may be from 1 by chance alone: two standard deviations of a Poisson count."""
        return 2.0 / math.sqrt(self.planned) if self.planned else 0.0


@dataclass(frozen=True)
class Deliveries:
    """Messages that reached members of a room other than their sender, and those that should have: each is one message
    to one member. `untimed` came to somebody who reads slowly by intent, `undecided` were on their way to somebody who
    left. Between machines, clocks may differ by `clock_error_seconds`."""

    delivered: int
    lost: int
    duplicates: int
    reordered: int
    late: int
    undecided: int
    untimed: int
    clock_error_seconds: float = 0.0


@dataclass(frozen=True)
class ThresholdResult:
    """One threshold of the profile against what was measured after the warm-up.

    `observed` is seconds, a share or a count, as the threshold has it. `met` is None where it cannot be judged, and
    `reason` then says why. `samples` are the requests that it rests on.
    """

    text: str
    met: bool | None
    observed: float | None = None
    told: str = ""  # `observed` for people, such as 412ms or 0.31 %
    samples: int = 0
    reason: str = ""


@dataclass(frozen=True)
class LoadEnded:
    """The load generator's last word: totals by name, and whether it kept its rate.

    `achieved_ratio` is requests sent over requests planned, over the profile's whole duration; of several scenarios,
    that of the one farthest from its plan (`kept` has them all), chance aside; None where no rate was planned.
    `problem` says why the figures cannot be trusted.
    """

    at_ms: int
    totals: tuple[RequestTotals, ...]
    overall: RequestTotals
    achieved_ratio: float | None
    worker_cpu_ratio: float | None = None  # highest share of one core that a generator used
    problem: str = ""
    thresholds: tuple[ThresholdResult, ...] = ()
    aborted_by: str = ""  # the threshold that ended the load before its time
    kept: tuple[PlanKept, ...] = ()  # each scenario's plan
    stopped_by: str = ""  # why it was stopped to spare its target
    lost_workers: tuple[str, ...] = ()  # generator processes that ended before the load did, and how
    deliveries: Deliveries | None = None  # where messages were followed to those who get them
    planned_unit: str = "requests"  # what `achieved_ratio` counts; a team's own Locust users are paced by iterations
    accounts: tuple[Account, ...] = ()  # held against the reference API's own, where that is driven
    unaccounted: str = ""  # why it could not be asked


@dataclass(frozen=True)
class Gap:
    """Something that had to be observed could not be: Prometheus died, a target of the run was not scraped."""

    at_ms: int
    source: str  # prometheus, alertmanager, receivers, api, emitter, load, targets
    reason: str


@dataclass(frozen=True)
class Note:
    """A line for people (phase changes, what was redirected); no effect on a verdict."""

    at_ms: int
    text: str
    details: tuple[str, ...] = field(default=())


Observation = (
    AlertObserved
    | AlertmanagerObserved
    | RuleEvaluated
    | RecordingEvaluated
    | SelectorObserved
    | TargetObserved
    | NotificationReceived
    | FaultEdge
    | LoadMeasured
    | LoadEnded
    | Gap
    | Note
)
