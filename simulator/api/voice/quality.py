"""What clients tell about their calls: one report over a line makes a call poor; alerts and warnings as the contract
has them (section 4, "Quality threshold")."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from simulator.catalog.voice_lines import LOSS_PERCENT, Reason, over_the_line

ALERT_SCORE: Final = 2.0
ALERT_LOSS_PERCENT: Final = 10.0
WARNING_SCORE: Final = 2.5
WARNING_EVERY_MS: Final = 30_000
WARNING_SAMPLES: Final = 10
WARNING_FEWEST: Final = 5


@dataclass(frozen=True)
class Sample:
    """One report of a client about its call; None for what it did not tell. `mos` and `score` are out of five."""

    loss_percent: float | None = None
    jitter_ms: float | None = None
    rtt_ms: float | None = None
    one_way_ms: float | None = None
    mos: float | None = None
    score: float | None = None
    connection_type: str = "unknown"

    @property
    def opinion(self) -> float | None:
        """What the platform compares with its scores: the quality score, else the mean opinion."""
        return self.score if self.score is not None else self.mos

    def issues(self) -> tuple[Reason, ...]:
        """The lines that it is over."""
        return over_the_line(
            loss_percent=self.loss_percent,
            jitter_ms=self.jitter_ms,
            rtt_ms=self.rtt_ms,
            one_way_ms=self.one_way_ms,
        )

    def alert(self) -> str | None:
        """The severity of the alert that the platform sends over a sample like this, if any."""
        if self.opinion is not None and self.opinion < ALERT_SCORE:
            return "high"
        return "medium" if (self.loss_percent or 0.0) > ALERT_LOSS_PERCENT else None


@dataclass(slots=True)
class CallQuality:
    """What was told about one call so far."""

    reasons: dict[Reason, int] = field(default_factory=dict)
    _opinions: float = 0.0
    _told: int = 0
    _recent: deque[Sample] = field(default_factory=lambda: deque(maxlen=WARNING_SAMPLES))
    _warned_ms: int | None = None

    def add(self, sample: Sample) -> None:
        """Take a report in."""
        for reason in sample.issues():
            self.note(reason)
        if sample.mos is not None:
            self._opinions += sample.mos
            self._told += 1
        self._recent.append(sample)

    def note(self, reason: Reason) -> None:
        """Something else than a report says that the call is poor."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    @property
    def poor(self) -> bool:
        return bool(self.reasons)

    @property
    def score(self) -> float | None:
        """Twice the mean of the opinions that were told: out of ten, as the metric has it."""
        return 2.0 * self._opinions / self._told if self._told else None

    def warning(self, now_ms: int) -> dict[str, float] | None:
        """The means that the platform warns of, at most once in 30 s; None while there is nothing to warn of."""
        if len(self._recent) < WARNING_FEWEST:
            return None
        if self._warned_ms is not None and now_ms - self._warned_ms < WARNING_EVERY_MS:
            return None
        lost = [sample.loss_percent for sample in self._recent if sample.loss_percent is not None]
        scores = [sample.opinion for sample in self._recent if sample.opinion is not None]
        loss = sum(lost) / len(lost) if lost else 0.0
        score = sum(scores) / len(scores) if scores else 5.0
        if score >= WARNING_SCORE and loss <= LOSS_PERCENT:
            return None
        self._warned_ms = now_ms
        return {"averageQualityScore": round(score, 3), "averagePacketLoss": round(loss, 3)}
