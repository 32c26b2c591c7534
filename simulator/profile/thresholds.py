r"""Thresholds on load, as an author writes them: `http p95 < 300ms`, `error ratio < 1 %`, `arrivals dropped = 0`.

    [SUBJECT] p50 … p99.9 | max   OP  DURATION        latency, from the instant at which a request was to leave
    mos p5 …                      OP  SCORE           mean opinion scores of calls, 1 to 5
    loss p95 …                    OP  SHARE           packets lost of a call
    [SUBJECT] error ratio         OP  SHARE           requests that failed
    [SUBJECT] rate limited ratio  OP  SHARE           requests that were answered 429
    arrivals dropped              OP  COUNT           requests of the plan that no user was free to send

SUBJECT is a name as the table at a run's end has it, such as `GET /api/v1/posts` or `SIO emit *`; `*` is any text.
`http`, `socketio` and `voice` are all requests of that scenario, nothing or `*` those of all; `connect`, `deliver`,
`echo`, `join`, `mos`, `loss`, `jitter` and `rtt` are what Socket.IO and voice users measure. OP is one of < <= > >= =.
A share is written `1 %` or `0.01`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from simulator.errors import did_you_mean
from simulator.profile.load_names import SCENARIOS, SHORT, Kind, is_request, kind_of, scenario_of
from simulator.units import SECOND, parse_duration

_FORM: Final = re.compile(r"\s*(\S.*?)\s*(<=|>=|==|=|<|>)\s*(\S(?:.*\S)?)\s*", re.ASCII)
_MEASURE: Final = re.compile(
    r"(?:(.*)\s)?(p\d+(?:\.\d+)?|max|error ratio|rate limited ratio|arrivals dropped)", re.ASCII
)
_QUANTILE: Final = re.compile(r"p(\d+(?:\.\d+)?)", re.ASCII)
_SHARE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)", re.ASCII)
_ALL: Final = ("", "*")
_SCORE: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_BEST_SCORE: Final = 5.0
_EXAMPLE: Final = "write one like `http p95 < 300ms`, `error ratio < 1 %`, `mos p5 > 3.6` or `arrivals dropped = 0`"

OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


class Measure(StrEnum):
    """What a threshold is about."""

    LATENCY = "latency"
    ERRORS = "error ratio"
    RATE_LIMITED = "rate limited ratio"
    DROPPED = "arrivals dropped"


@dataclass(frozen=True)
class Threshold:
    """One threshold. `limit` is seconds (latency), a score, a share (ratios) or a count; `quantile` is in (0, 1]; 1 is
    max. `kind` is what the values of a quantile are."""

    text: str
    subject: str
    measure: Measure
    operator: str
    limit: float
    quantile: float | None = None
    kind: Kind = Kind.LATENCY

    def covers(self, name: str) -> bool:
        """Whether it is about what is counted by this name."""
        if self.subject in _ALL:
            return is_request(name)
        if self.subject in SCENARIOS:
            return is_request(name) and scenario_of(name) == self.subject
        return fnmatchcase(name, SHORT.get(self.subject, self.subject))

    def holds(self, observed: float) -> bool:
        """Whether what was observed is on the right side of the limit."""
        return OPERATORS[self.operator](observed, self.limit)

    @property
    def fewest_samples(self) -> int:
        """How many requests it takes to judge: ten beyond the quantile, on whichever side is nearer; else one."""
        if self.quantile is None or self.quantile == 1:
            return 1
        return round(10 / min(self.quantile, 1 - self.quantile))


def parse_threshold(text: str) -> Threshold:
    """Read one threshold. Raises ValueError with what would be right."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a threshold; {_EXAMPLE}")
    what = " ".join(found[1].split())
    parts = _MEASURE.fullmatch(what)
    if parts is None:
        raise ValueError(f"{text!r}: {what!r} is nothing that is measured{_nearest(what)}")
    subject = parts[1] or ""
    measure, quantile = _measure(text, parts[2])
    sign = "=" if found[2] == "==" else found[2]
    kind = kind_of(SHORT.get(subject, subject))
    if measure is Measure.DROPPED and subject not in (*_ALL, "http"):
        raise ValueError(f"{text!r}: arrivals dropped are counted over all requests; leave {subject!r} out")
    limit = _limit(text, measure, found[3], kind)
    return Threshold(" ".join(text.split()), subject, measure, sign, limit, quantile, kind)


def _measure(text: str, words: str) -> tuple[Measure, float | None]:
    if words == "max":
        return Measure.LATENCY, 1.0
    if quantile := _QUANTILE.fullmatch(words):
        share = float(quantile[1]) / 100
        if not 0 < share < 1:
            raise ValueError(f"{text!r}: {words} is no quantile; p1 to p99.99, or max")
        return Measure.LATENCY, share
    return Measure(words), None


def _nearest(what: str) -> str:
    """The measure that was perhaps meant, and all there are."""
    known = ("p50", "p95", "p99", "max", *(measure.value for measure in Measure if measure is not Measure.LATENCY))
    return f"{did_you_mean(what, known)} ({', '.join(known)})"


def _limit(text: str, measure: Measure, limit: str, kind: Kind) -> float:
    if measure is Measure.LATENCY and kind is Kind.SCORE:
        if not _SCORE.fullmatch(limit) or not 1 <= float(limit) <= _BEST_SCORE:
            raise ValueError(f"{text!r}: {limit!r} is no mean opinion score; 1 is bad, 5 the best")
        return float(limit)
    if measure is Measure.LATENCY and kind is Kind.LATENCY:
        try:
            return parse_duration(limit.replace(" ", "")) / SECOND
        except ValueError as error:
            raise ValueError(f"{text!r}: {error}") from error
    number = _SHARE.fullmatch(limit)
    if number is None or (number[2] and measure is Measure.DROPPED):
        what = "a count such as 0" if measure is Measure.DROPPED else "a share such as 1 % or 0.01"
        raise ValueError(f"{text!r}: {limit!r} is not {what}")
    value = float(number[1]) / (100 if number[2] else 1)
    if measure is not Measure.DROPPED and value > 1:
        raise ValueError(f"{text!r}: {limit!r} is more than all; write a share such as 1 % or 0.01")
    return value
