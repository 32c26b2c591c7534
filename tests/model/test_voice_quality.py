"""Loss, jitter and delay to R and MOS, against published figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.catalog.voice import PATHS, POOR_SHARE
from simulator.model.signals.voice import usual_quality
from simulator.model.voice_quality import (
    G711,
    G729A,
    OPUS,
    Codec,
    GilbertElliott,
    Path,
    among_calls,
    delay_impairment,
    effective_impairment,
    mean_opinion,
    ratings,
)


def rating(
    codec: Codec, *, loss: float = 0.0, burst: float = 1.0, jitter_ms: float = 0.0, delay_ms: float = 0.0
) -> float:
    ones = np.ones(1)
    found = ratings(codec, loss=loss * ones, burst=burst * ones, jitter_ms=jitter_ms * ones, delay_ms=delay_ms * ones)
    return float(found[0])


# ITU-T G.107 (06/2015), annex B: the user satisfaction table's limits; 4.5 and 1 at the ends of the scale.
@pytest.mark.parametrize(
    ("r", "mos"),
    [(100.0, 4.5), (93.2, 4.41), (90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58), (0.0, 1.0)],
)
def test_r_to_mos_as_in_annex_b(r: float, mos: float) -> None:
    assert mean_opinion(r) == pytest.approx(mos, abs=0.01)


def test_with_all_parameters_at_their_defaults_r_is_93_2() -> None:
    """G.107, clause 7.7."""
    assert 94.77 - 1.41 - delay_impairment(0.0) == pytest.approx(93.2, abs=0.05)


# R. G. Cole and J. H. Rosenbluth, "Voice over IP performance monitoring", ACM SIGCOMM Computer Communication Review 31
# (2001), 9-24: Id = 0.024 d + 0.11 (d - 177.3) H(d - 177.3), their fit to G.107's defaults, for delays under 400 ms.
@pytest.mark.parametrize("delay_ms", [25, 50, 100, 150, 177, 200, 250, 300])
def test_delay_impairs_as_the_published_fit_has_it(delay_ms: float) -> None:
    fit = 0.024 * delay_ms + 0.11 * max(delay_ms - 177.3, 0.0)
    assert mean_opinion(93.2 - delay_impairment(float(delay_ms))) == pytest.approx(mean_opinion(93.2 - fit), abs=0.05)


# Ie under random loss in percent: ITU-T G.113 (02/2001), appendix I, tables for G.729A with VAD and G.711 with PLC.
PUBLISHED = [
    *[
        (G729A, loss, ie)
        for loss, ie in (
            (0.0, 11),
            (0.5, 13),
            (1.0, 15),
            (1.5, 17),
            (2.0, 19),
            (3.0, 23),
            (4.0, 26),
            (8.0, 36),
            (16.0, 49),
        )
    ],
    *[(G711, loss, ie) for loss, ie in ((0.0, 0), (1.0, 5), (2.0, 7), (3.0, 10), (5.0, 15), (7.0, 20))],
]


@pytest.mark.parametrize(("codec", "percent", "ie"), PUBLISHED)
def test_loss_impairs_codecs_as_published(codec: Codec, percent: float, ie: float) -> None:
    found = effective_impairment(codec.ie, codec.bpl, percent / 100.0, 1.0)
    assert mean_opinion(93.2 - found) == pytest.approx(mean_opinion(93.2 - ie), abs=0.05)


def test_loss_in_bursts_hurts_more_than_random_loss() -> None:
    assert rating(G711, loss=0.03, burst=3.0) < rating(G711, loss=0.03, burst=1.0) - 0.5


@given(
    loss=st.floats(0, 0.4),
    more=st.floats(0.01, 0.4),
    jitter_ms=st.floats(0, 200),
    delay_ms=st.floats(0, 600),
    what=st.sampled_from(["loss", "jitter_ms", "delay_ms"]),
)
def test_more_of_anything_bad_is_never_better(
    loss: float, more: float, jitter_ms: float, delay_ms: float, what: str
) -> None:
    before = {"loss": loss, "jitter_ms": jitter_ms, "delay_ms": delay_ms}
    after = {**before, what: before[what] + more * (1.0 if what == "loss" else 300.0)}
    assert rating(OPUS, **after) <= rating(OPUS, **before) + 1e-9
    assert 1.0 <= mean_opinion(rating(OPUS, **after)) <= 4.5


@given(loss=st.floats(0.001, 0.5), burst=st.floats(1.05, 20))
def test_a_gilbert_channel_loses_what_it_is_asked_to(loss: float, burst: float) -> None:
    channel = GilbertElliott.of(loss, burst)
    assert channel.loss == pytest.approx(loss)
    assert channel.mean_burst == pytest.approx(burst)
    # G.107, clause 7.5: BurstR = 1 / (p + q) of the two-state chain
    assert channel.burst_ratio == pytest.approx(1 / (channel.p + channel.r))


@pytest.mark.parametrize(("loss", "burst"), [(1.0, 2.0), (-0.1, 2.0), (0.1, 0.5)])
def test_channels_that_cannot_be(loss: float, burst: float) -> None:
    with pytest.raises(ValueError, match="no channel"):
        GilbertElliott.of(loss, burst)


def test_packets_sent_over_an_elliott_channel_get_lost_as_its_formulas_say() -> None:
    channel = GilbertElliott(p=0.02, r=0.25, lost_good=0.005, lost_bad=0.6)
    bad, lost = False, []
    for turn, hit in np.random.default_rng(1).random((400_000, 2)).tolist():
        bad = turn >= channel.r if bad else turn < channel.p
        lost.append(hit < (channel.lost_bad if bad else channel.lost_good))
    losses = np.array(lost)
    bursts = int((losses[1:] & ~losses[:-1]).sum())
    assert losses.mean() == pytest.approx(channel.loss, rel=0.03)
    assert losses.sum() / bursts == pytest.approx(channel.mean_burst, rel=0.03)


def test_the_catalogue_knows_how_many_calls_are_poor_on_a_good_day() -> None:
    """A flow's shares are data and the E-model is not, so the two have to agree."""
    poor, mos = usual_quality()
    assert poor == pytest.approx(POOR_SHARE, rel=0.02)
    assert 4.0 < mos < 4.4
    assert sum(path.share for path in PATHS.values()) == pytest.approx(1.0)


def test_a_path_like_the_others_with_more_loss_makes_more_calls_poor() -> None:
    path = (Path(1.0, 0.003, 1.8, 6.0, 36.0),)
    nothing = np.zeros(4)
    loss = np.array([0.0, 0.02, 0.06, 0.15])
    poor, opinions = among_calls(OPUS, path, loss=loss, burst=2 + nothing, jitter_ms=nothing, delay_ms=nothing)
    assert (np.diff(poor) > 0).all()
    assert (np.diff(opinions) < 0).all()
    assert poor[0] < 0.01
    assert poor[-1] > 0.95
