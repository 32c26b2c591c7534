"""The verdict as a document: what `verdict.json` holds, and what every report is rendered from.

Instants are given three ways (epoch milliseconds, RFC 3339, milliseconds from the run's start); spans are milliseconds.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from simulator.clock import rfc3339
from simulator.errors import ExitCode, InputError

SCHEMA_VERSION = 1
RUN_LEVEL = ("run", "load")
"""What `Finding.expectation` says where the profile asks for nothing: every run owes it."""


class Outcome(StrEnum):
    """The verdict on a whole run."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> ExitCode:
        """What a script is told."""
        return {
            Outcome.PASS: ExitCode.PASS,
            Outcome.FAIL: ExitCode.FAIL,
            Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        }[self]


class Word(StrEnum):
    """The verdict on one expectation."""

    MET = "met"
    MISSING = "missing"
    EARLY = "early"
    LATE = "late"
    UNEXPECTED = "unexpected"
    UNRESOLVED = "unresolved"
    MISROUTED = "misrouted"
    NOT_CAUSED = "not-caused"  # fired without its fault
    BROKEN = "broken"  # a threshold on load
    UNOBSERVED = "unobserved"

    @property
    def is_failure(self) -> bool:
        """Whether the expectation was seen to be broken."""
        return self not in (Word.MET, Word.UNOBSERVED)


class Document(BaseModel):
    """Base of every part of a verdict: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,  # what is written is written whole
    )


class Moment(Document):
    """One instant."""

    at_ms: int
    """Milliseconds since the Unix epoch."""
    at: str
    """The same, RFC 3339, UTC."""
    offset_ms: int
    """Milliseconds after the run's start; negative before it."""

    @classmethod
    def of(cls, at_ms: int, started_ms: int) -> Moment:
        """The moment of a wall instant in a run that began at `started_ms`."""
        return cls(at_ms=at_ms, at=rfc3339(at_ms), offset_ms=at_ms - started_ms)


class Evidence(Document):
    """What a finding rests on."""

    when: Moment
    source: str
    """Who saw it: prometheus, alertmanager, receivers, load, targets, profile."""
    what: str
    """The query or the fact, as that source would show it again."""


class Finding(Document):
    """One expectation against what was observed."""

    expectation: str
    """Where it is asked for: a path into the profile such as `expect.alerts[0].notifies[1]`, or `run` or `load`."""
    alert: str = ""
    """The alert it is about, if it is about one."""
    labels: dict[str, str] = {}
    """The labels asked for, or those of the alert that fired."""
    word: Word
    message: str
    """One line for people."""
    expected: str = ""
    observed: str = ""
    evidence: tuple[Evidence, ...] = ()

    @field_validator("message")
    @classmethod
    def _one_line(cls, message: str) -> str:
        return " ".join(message.split())  # errors of servers come in several


class Claim(Document):
    """One thing that this verdict says about itself."""

    title: str
    text: str


class RunIdentity(Document):
    """Which run this is, so that it can be run again."""

    run_id: str
    profile: str
    profile_path: str
    profile_sha256: str
    seed: int
    mode: str
    started: Moment
    ends: Moment
    crybsim_version: str
    versions: dict[str, str]
    rerun: str = ""
    """The command that runs it again."""


class FaultSpan(Document):
    """One fault of the profile."""

    id: str
    kind: str
    onset: Moment
    end: Moment
    intensity: float


class AlertTimeline(Document):
    """One episode of one alert: pending, firing, resolved."""

    alert: str
    labels: dict[str, str]
    standing: str
    """expected, unexpected, ignored or not-graded."""
    pending: Moment
    firing: Moment | None = None
    """None: it never got beyond pending."""
    resolved: Moment | None = None
    """None: still active when the run ended."""
    caused_by: str | None = None
    detect_ms: int | None = None
    """From the fault's onset to firing."""
    notified_ms: int | None = None
    """From the fault's onset to the first notification that anybody got."""


class BurnPrediction(Document):
    """When an alert on an error budget ought to fire, and when it did. Spans are from the fault's onset, or its end.

    Predicted by walking the rule's windows over what the platform truly counted; `steady` is the SRE Workbook's time
    (chapter 5) for the mean error ratio at steady traffic. None: not within the run.
    """

    alert: str
    labels: dict[str, str]
    error_ratio: float | None
    """The true share of bad events while the fault acted."""
    detect_ms: int | None
    predicted_detect_ms: int | None
    steady_detect_ms: int | None
    reset_ms: int | None
    """From the fault's end to the alert's; negative where it ended before."""
    predicted_reset_ms: int | None
    steady_reset_ms: int | None
    agrees: bool | None
    """Within two evaluations and what a scrape leaves open; None where there is no prediction."""
    reason: str
    """Why there is no prediction; empty where there is one."""


class HeardAlert(Document):
    """One alert inside a notification."""

    alert: str
    status: str
    """firing or resolved."""
    labels: dict[str, str]


class Heard(Document):
    """One notification as a stand-in receiver got it."""

    when: Moment
    kind: str
    receiver: str
    destination: str
    status: str
    alerts: tuple[HeardAlert, ...]
    title: str = ""
    text: str = ""
    problem: str = ""


class RequestFigures(Document):
    """Requests of one name over the whole run. Latencies in seconds."""

    name: str
    requests: int
    failures: int
    rate_limited: int
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    max_seconds: float | None
    refused: int = 0
    """No connection was taken. This and the next three got no answer and are among the failures."""
    timed_out: int = 0
    aborted: int = 0
    """The connection ended before an answer, or the user was stopped with the request on its way."""
    no_connection: int = 0
    """There was no way to ask at all."""


class LoadAccount(Document):
    """What users sent and how it ended, held against what the reference API counted.

    sent = answered + refused + timed_out + aborted + no_connection; counted + uncounted = answered + unheard + residue.
    """

    what: str
    """requests, messages or calls."""
    sent: int
    answered: int
    refused: int
    timed_out: int
    aborted: int
    no_connection: int
    counted: int
    unheard: int
    """Counted, but whoever had asked was gone before the answer. Of calls less than 0 where people joined again without
    having left."""
    uncounted: int
    """Answered by a refusal that the API's counter leaves out."""
    residue: int
    differing: tuple[str, ...]
    """Where the residue is."""
    told: str
    """All of it as a sentence."""


class LoadSummary(Document):
    """What the load generator did."""

    overall: RequestFigures
    by_name: tuple[RequestFigures, ...]
    achieved_ratio: float | None
    """Requests sent over requests planned; outside outages where the profile has one."""
    worker_cpu_ratio: float | None
    target: str
    accounts: tuple[LoadAccount, ...] = ()
    """Empty where the API is not the run's own, or could not be asked."""


class NotGraded(Document):
    """An alert that this run says nothing about, and why."""

    alert: str
    reason: str


class Verdict(Document):
    """The verdict on one run. It cannot exist with an outcome that its findings do not bear out."""

    schema_version: int = SCHEMA_VERSION
    outcome: Outcome
    exit_code: int
    reason: str
    """Why, in one line."""
    run: RunIdentity
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    faults: tuple[FaultSpan, ...]
    alerts: tuple[AlertTimeline, ...]
    notifications: tuple[Heard, ...]
    load: LoadSummary | None
    not_graded: tuple[NotGraded, ...]
    notes: tuple[str, ...]
    predictions: tuple[BurnPrediction, ...] = ()

    @model_validator(mode="after")
    def _borne_out(self) -> Self:
        if self.outcome is not outcome_of(self.findings) or self.exit_code != self.outcome.exit_code:
            raise ValueError(
                f"{self.outcome} ({self.exit_code}) is not what the findings say: {outcome_of(self.findings)}"
            )
        return self

    @classmethod
    def read(cls, path: Path) -> Verdict:
        """Read a `verdict.json`. Raises InputError when it cannot be."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}; is it the folder of a finished run?") from error
        except ValueError as error:
            lines = str(error).splitlines()
            raise InputError(
                f"{path}: not a verdict that this version reads: {' '.join(lines[1:3]).strip()}"
            ) from error


def outcome_of(findings: tuple[Finding, ...]) -> Outcome:
    """Anything broken is a fail; else anything unobserved, or nothing met at all, is inconclusive."""
    if any(finding.word.is_failure for finding in findings):
        return Outcome.FAIL
    if not findings or any(finding.word is Word.UNOBSERVED for finding in findings):
        return Outcome.INCONCLUSIVE
    return Outcome.PASS
