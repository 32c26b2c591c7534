"""What a call sounds like: packet loss, jitter and delay to a rating R and a mean opinion score.

Loss comes in bursts, as a two-state Markov chain makes them (E. N. Gilbert, "Capacity of a burst-noise channel", Bell
System Technical Journal 39 (1960), 1253-1265; E. O. Elliott, "Estimates of error rates for codes on burst-noise
channels", ibid. 42 (1963), 1977-1997). Its loss ratio and burst ratio go into the E-model, ITU-T Recommendation G.107
(06/2015), with everything but loss, codec and delay at the defaults of its table 3 (which give R = 93.2, clause 7.7):

    R = Ro - Is - Id - Ie,eff + A                                                                  (7-1)

G.107 knows no jitter. Jitter acts as in a real receiver: the jitter buffer waits longer (delay), and packets that come
later still are dropped (loss).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import inlined, kernel
from simulator.model.elementary import exp, log, normal_cdf

Floats = NDArray[np.float64]

POOR_BELOW: Final = 60.0
"""R below which "nearly all users" are dissatisfied: the category "poor" of ITU-T G.109, table 1."""

_RO: Final = 94.77  # clause 7.2 with the defaults of table 3
_IS: Final = 1.41  # clause 7.3 likewise
_TELR = 65.0  # talker echo loudness rating, dB (table 3)
_WEPL = 110.0  # weighted echo path loss, dB (table 3)
_ROE = 94.77  # -1.5 (No - RLR), clause 7.4, with the noise of the defaults
_TOLERATED_MS = 100.0  # mT of table 1, class "default" (sT = 1): the least perceivable delay
_LN2 = 0.69314718055994530942
_LN10 = 2.30258509299404568402

BUFFER_JITTERS: Final = 6.0
"""The buffer holds this many times the jitter: of exponential delays, 0.25 % come later."""
BUFFER_LEAST_MS: Final = 40.0
BUFFER_MOST_MS: Final = 200.0

_SPREAD_OF_R = 4.0  # standard deviation of R among calls over like paths: speakers, headsets, rooms


@dataclass(frozen=True)
class Codec:
    """A codec's impairment without loss, its robustness to random loss, and the delay it adds."""

    ie: float
    bpl: float
    delay_ms: float


G711: Final = Codec(ie=0.0, bpl=25.1, delay_ms=10.0)
"""With loss concealment by G.711's appendix I (ITU-T G.113, appendix I, table I.4; without it Bpl would be 4.3)."""
G729A: Final = Codec(ie=11.0, bpl=19.0, delay_ms=25.0)
"""With voice activity detection (ibid.). BurstR is meant for codecs with a Bpl of 16 and more, as these all are."""
OPUS: Final = Codec(ie=4.1, bpl=20.0, delay_ms=26.5)
"""64 kbit/s with in-band FEC; frame of 20 ms and 6.5 ms look-ahead (RFC 6716, section 2). G.113 has no figures for
Opus: these are what ggarber/rtcscore (src/rtc_mos.js) uses, Ie = 55 - 4.6 ln(bit/s), Bpl = 20 with FEC."""


@dataclass(frozen=True)
class GilbertElliott:
    """Loss with a memory: chances `p` to turn bad and `r` to turn good again at each packet; a share `lost_good` and
    `lost_bad` of packets is lost in either state. The classic Gilbert channel loses none and all."""

    p: float
    r: float
    lost_good: float = 0.0
    lost_bad: float = 1.0

    @classmethod
    def of(cls, loss: float, burst: float) -> GilbertElliott:
        """The Gilbert channel with a loss ratio and a mean number of packets lost in a row. Raises ValueError."""
        if not 0 <= loss < 1 or burst < 1:
            raise ValueError(f"no channel loses a share of {loss} in bursts of {burst}")
        return cls(p=loss / (1 - loss) / burst, r=1 / burst)

    @property
    def loss(self) -> float:
        """Share of packets lost in the long run."""
        bad = self.p / (self.p + self.r)
        return bad * self.lost_bad + (1 - bad) * self.lost_good

    @property
    def mean_burst(self) -> float:
        """Mean number of packets lost in a row."""
        bad = self.p / (self.p + self.r)
        after_bad = (1 - self.r) * self.lost_bad + self.r * self.lost_good
        after_good = self.p * self.lost_bad + (1 - self.p) * self.lost_good
        lost_twice = bad * self.lost_bad * after_bad + (1 - bad) * self.lost_good * after_good
        return self.loss / (self.loss - lost_twice)

    @property
    def burst_ratio(self) -> float:
        """Mean burst over that of random loss of the same ratio: BurstR of G.107, clause 7.5."""
        return self.mean_burst * (1 - self.loss)


@dataclass(frozen=True)
class Path:
    """What a group of calls goes over: its share of all calls, and medians of loss, jitter and one-way delay.

    `burst` is the mean number of packets lost in a row."""

    share: float
    loss: float
    burst: float
    jitter_ms: float
    delay_ms: float


@inlined
def _echo_free_delay(delay_ms: float) -> float:
    """Idd, (7-27) and (7-28), with sT = 1."""
    if delay_ms <= _TOLERATED_MS:
        return 0.0
    x = log(delay_ms / _TOLERATED_MS) / _LN2
    return 25.0 * (_sixth_root(1.0 + x**6) - 3.0 * _sixth_root(1.0 + (x / 3.0) ** 6) + 2.0)


@inlined
def _sixth_root(x: float) -> float:
    return exp(log(x) / 6.0)


@inlined
def delay_impairment(delay_ms: float) -> float:
    """Id = Idte + Idle + Idd, clause 7.4, with the mean one-way delay of the echo path equal to the whole delay."""
    idte = 0.0
    if delay_ms >= 1.0:
        terv = _TELR - 40.0 * log((1.0 + delay_ms / 10.0) / (1.0 + delay_ms / 150.0)) / _LN10
        terv += 6.0 * exp(-0.3 * delay_ms * delay_ms)
        distance = (_ROE - (80.0 + 2.5 * (terv - 14.0))) / 2.0
        idte = (distance + math.sqrt(distance * distance + 100.0) - 1.0) * (1.0 - exp(-delay_ms))
    rle = 10.5 * (_WEPL + 7.0) * exp(-0.25 * log(2.0 * delay_ms + 1.0))
    distance = (_RO - rle) / 2.0
    idle = distance + math.sqrt(distance * distance + 169.0)
    return idte + idle + _echo_free_delay(delay_ms)


@inlined
def effective_impairment(ie: float, bpl: float, loss: float, burst_ratio: float) -> float:
    """Ie,eff, (7-29), of a loss ratio in [0, 1]."""
    percent = 100.0 * loss
    return ie + (95.0 - ie) * percent / (percent / burst_ratio + bpl)


@inlined
def _heard(ie: float, bpl: float, gone: float, burst_ratio: float, delay_ms: float) -> float:
    """R, (7-1), of what reaches the ear: packets gone (lost or late), their BurstR, and the whole delay."""
    return _RO - _IS - delay_impairment(delay_ms) - effective_impairment(ie, bpl, gone, burst_ratio)


@inlined
def _rate(
    ie: float, bpl: float, codec_ms: float, loss: float, burst: float, jitter_ms: float, delay_ms: float
) -> float:
    """R of one call."""
    buffer_ms = min(max(BUFFER_JITTERS * jitter_ms, BUFFER_LEAST_MS), BUFFER_MOST_MS)
    # Delays above the fastest packet's are taken as exponential; their mean difference, which is what RFC 3550
    # (section 6.4.1) calls jitter, is then their mean.
    late = exp(-buffer_ms / jitter_ms) if jitter_ms > 0.0 else 0.0
    gone = 1.0 - (1.0 - loss) * (1.0 - late)
    burst_ratio = 1.0
    if gone > 0.0:
        # late packets fall at random, lost ones in bursts
        burst_ratio = max((loss * burst + (gone - loss)) / gone * (1.0 - gone), 1.0)
    return _heard(ie, bpl, gone, burst_ratio, delay_ms + codec_ms + buffer_ms)


@inlined
def mean_opinion(r: float) -> float:
    """MOS-CQE of a rating, annex B; it never falls below 1, where the cubic would for R under 6.5."""
    if r <= 0.0:
        return 1.0
    if r >= 100.0:
        return 4.5
    return max(1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6, 1.0)


@kernel
def _heard_and_opinion(ie: float, bpl: float, gone: float, burst_ratio: float, delay_ms: float) -> tuple[float, float]:
    r = _heard(ie, bpl, gone, burst_ratio, delay_ms)
    return r, mean_opinion(r)


def measured(codec: Codec, *, gone: float, burst_ratio: float, delay_ms: float) -> tuple[float, float]:
    """R and MOS of a call that was measured: the share of packets lost or too late to be played, their BurstR (1: at
    random), and the delay from mouth to ear, the codec's own included."""
    r, mos = _heard_and_opinion(codec.ie, codec.bpl, gone, burst_ratio, delay_ms)
    return float(r), float(mos)


@kernel
def _ratings(
    ie: float, bpl: float, codec_ms: float, loss: Floats, burst: Floats, jitter_ms: Floats, delay_ms: Floats
) -> Floats:
    out = np.empty(len(loss))
    for at in range(len(loss)):
        out[at] = _rate(ie, bpl, codec_ms, loss[at], burst[at], jitter_ms[at], delay_ms[at])
    return out


def ratings(codec: Codec, *, loss: Floats, burst: Floats, jitter_ms: Floats, delay_ms: Floats) -> Floats:
    """R of each call: loss ratio, mean packets lost in a row, jitter, one-way delay of the network."""
    return _ratings(codec.ie, codec.bpl, codec.delay_ms, loss, burst, jitter_ms, delay_ms)


# Factors of loss and jitter among the calls of one path: quantiles of a lognormal of sigma 0.6, each for 1/12 of them.
_FACTORS: Final = np.array(
    [0.3538, 0.5015, 0.6143, 0.7196, 0.826, 0.9391, 1.0648, 1.2107, 1.3897, 1.628, 1.9941, 2.8264]
)


@kernel
def _among_calls(
    ie: float,
    bpl: float,
    codec_ms: float,
    paths: Floats,
    factors: Floats,
    loss: Floats,
    burst: Floats,
    jitter_ms: Floats,
    delay_ms: Floats,
    out: Floats,
) -> None:
    for at in range(len(loss)):
        if (
            at > 0
            and loss[at] == loss[at - 1]
            and burst[at] == burst[at - 1]
            and jitter_ms[at] == jitter_ms[at - 1]
            and delay_ms[at] == delay_ms[at - 1]
        ):
            out[0, at] = out[0, at - 1]
            out[1, at] = out[1, at - 1]
            continue
        poor = 0.0
        opinion = 0.0
        for path in range(len(paths)):
            for factor in factors:
                own = min(paths[path, 1] * factor, 0.5)
                whole = 1.0 - (1.0 - own) * (1.0 - loss[at])
                mean_burst = 1.0
                if whole > 0.0:
                    mean_burst = (own * paths[path, 2] + loss[at] * burst[at]) / (own + loss[at])
                r = _rate(
                    ie,
                    bpl,
                    codec_ms,
                    whole,
                    mean_burst,
                    paths[path, 3] * factor + jitter_ms[at],
                    paths[path, 4] + delay_ms[at],
                )
                weight = paths[path, 0] / len(factors)
                poor += weight * normal_cdf((POOR_BELOW - r) / _SPREAD_OF_R)
                opinion += weight * mean_opinion(r)
        out[0, at] = poor
        out[1, at] = opinion


def among_calls(
    codec: Codec, paths: tuple[Path, ...], *, loss: Floats, burst: Floats, jitter_ms: Floats, delay_ms: Floats
) -> Floats:
    """The share of poor calls, and the mean opinion, shape (2, T), over paths that all have this added to them."""
    table = np.array([(path.share, path.loss, path.burst, path.jitter_ms, path.delay_ms) for path in paths])
    out = np.empty((2, len(loss)))
    _among_calls(codec.ie, codec.bpl, codec.delay_ms, table, _FACTORS, loss, burst, jitter_ms, delay_ms, out)
    return out
