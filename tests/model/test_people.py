"""People and money: what follows what, after how long; which alert trips when, and that an ordinary month trips none.

Conditions are those of the reference alerts. Where one compares with "the same time last week", gauges are compared
instant by instant and counters over windows, of six hours for the rare ones.
"""

from __future__ import annotations

import numpy as np
import pytest

from simulator.catalog.business import REGISTRATIONS, TIERS
from simulator.catalog.security import FAILED_LOGINS, INCIDENTS, OTHER_LOGINS, PASSWORD_LOGINS, SUSPICIONS
from simulator.model.signals.security import LOGINS
from simulator.units import HOUR
from tests.model.worlds import counts, every, signals, world

WEEK_OF_HOURS = 7 * 24
FAILED = {"_outcome": tuple(FAILED_LOGINS)}


def fault(
    kind: str, at: str = "2d", lasts: str = "12h", intensity: float = 1.0, **parameters: float
) -> dict[str, object]:
    return {"id": "f", "kind": kind, "at": at, "for": lasts, "intensity": intensity, "parameters": parameters}


def increase(values: np.ndarray, steps: int) -> np.ndarray:
    """What a counter gained in so many steps, at each instant that has them behind it."""
    return values[steps:] - values[:-steps]


# -- causes and their effects, in order -----------------------------------------------------------------------------

CHAIN = (
    "users.annoyance",
    "users.engagement",
    "users.churn_percent",
    "subscriptions.cancelled_percent",
    "revenue.subscribed",
)


@pytest.mark.parametrize(
    "cause",
    [
        fault("http_errors", intensity=0.6),
        {"id": "f", "kind": "outage", "at": "2d", "for": "12h"},
        fault("database_slow", intensity=0.8),
        fault("message_failures", intensity=0.8),
        fault("voice_packet_loss", intensity=1.0),
    ],
    ids=lambda cause: str(cause["kind"]),
)
def test_annoyance_moves_engagement_within_the_hour_churn_over_days_then_cancellations_then_revenue(
    cause: dict[str, object],
) -> None:
    calm, broken = world(duration="60d"), world(cause, duration="60d")
    times = every(60, 0, 50, calm)
    onset, end = 2 * 24, 2 * 24 + 12
    usual, now = signals(calm, times, *CHAIN), signals(broken, times, *CHAIN)
    moved = [np.abs(b - a) for a, b in zip(usual, now, strict=True)]
    for difference in moved:
        assert (difference[:onset] == 0).all(), "nothing moves before its cause"
    annoyed, engaged, churned, cancelled, earned = moved
    assert annoyed[onset + 1] > 0
    assert annoyed[end + 1] == 0
    assert engaged[onset + 1] > 0.9 * engaged.max()
    assert (engaged[end + 2 :] == 0).all()
    assert (np.diff(churned[onset:end]) >= 0).all(), "churn rises all the while"
    assert churned[end] > 0.8 * churned.max()
    assert churned[end + 5 * 24] > 0.5 * churned.max()
    assert churned[onset + 6] > 0
    assert cancelled[onset + 6] < 1e-9, "nobody cancels at once"
    assert cancelled.argmax() > end + 3 * 24
    assert earned.argmax() > cancelled.argmax()
    signs = [(b - a)[difference.argmax()] for a, b, difference in zip(usual, now, moved, strict=True)]
    assert [sign > 0 for sign in signs] == [True, False, True, True, False]
    assert moved[2][-1] == moved[3][-1] == 0, "churn and cancellations forget within their look-backs"


def test_an_instant_asked_for_alone_has_the_bits_that_it_has_in_a_series() -> None:
    broken = world(fault("payment_failures"), fault("http_errors") | {"id": "g"}, duration="60d")
    times = every(360, 0, 20, broken)
    names = (*CHAIN, "users.daily", "subscriptions.unpaid_percent", "revenue.daily", "traffic.requests")
    together = signals(broken, times, *names)
    for place in (0, 7, 40, 79):
        alone = signals(broken, times[place : place + 1], *names)
        assert [float(one[0]) for one in alone] == [float(whole[place]) for whole in together]


def test_failed_payments_end_subscriptions_after_a_day_of_trying_again() -> None:
    calm, broken = world(duration="60d"), world(fault("payment_failures", intensity=0.5), duration="60d")
    times = every(60, 0, 10, calm)
    names = ("payments.success_percent", "subscriptions.unpaid_percent", "subscriptions.cancelled_percent")
    paid, unpaid, chosen = (
        b - a for a, b in zip(signals(calm, times, *names), signals(broken, times, *names), strict=True)
    )
    assert paid[2 * 24] == pytest.approx(-97.6 / 2)
    assert abs(unpaid[2 * 24 + 20]) < 1e-9 < unpaid[3 * 24 + 13]
    assert (chosen == 0).all()


def test_churn_surges_take_daily_users_along() -> None:
    calm, broken = world(duration="60d"), world(fault("churn_surge", lasts="2d"), duration="60d")
    times = every(60, 0, 6, calm)
    daily, retained = (
        b / a
        for a, b in zip(
            *(signals(one, times, "users.daily", "users.retention_percent") for one in (calm, broken)), strict=True
        )
    )
    assert daily[4 * 24 - 1] == pytest.approx(1 - 0.064 * 5, abs=0.01)
    assert retained[4 * 24 - 1] < 0.9


def test_active_users_nest_whatever_traffic_does() -> None:
    wild = world(fault("traffic_spike", lasts="3d", factor=9), duration="30d")
    times = every(60, 0, 12, wild)
    hour, day, week, month, everyone = signals(
        wild, times, "users.hourly", "users.daily", "users.weekly", "users.monthly", "users.total"
    )
    assert ((hour <= day) & (day <= week) & (week <= month) & (month <= everyone)).all()


# -- what trips which alert -----------------------------------------------------------------------------------------


def login_rates(of: object, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Failed logins a second, and their share of all logins, over five minutes."""
    failed = counts(PASSWORD_LOGINS, of, times, **FAILED) + counts(
        OTHER_LOGINS,
        of,
        times,
        _outcome=("token_expired", "provider_error", "invalid_2fa", "invalid_signature", "user_banned"),
    )
    tried = counts(PASSWORD_LOGINS, of, times) + counts(OTHER_LOGINS, of, times)
    return increase(failed, 1) / 300, increase(failed, 1) / np.maximum(increase(tried, 1), 1)


def test_brute_force_fails_more_than_ten_logins_a_second_and_most_of_them() -> None:
    attacked = world(fault("brute_force_login", at="1h", lasts="1h", intensity=0.5), duration="3h")
    times = every(5, 0, 3 / 24, attacked)
    rate, share = login_rates(attacked, times)
    during = slice(12, 24)
    assert (rate[during] > 10).all()
    assert (share[during] > 0.5).all()
    assert (rate[24:] < 1).all()
    assert (share[:12] < 0.2).all()


def test_an_attack_shows_at_the_login_route_and_nowhere_else() -> None:
    from simulator.catalog.http import REQUESTS

    calm, attacked = (
        world(*faults, duration="3h") for faults in ((), (fault("brute_force_login", at="1h", lasts="1h"),))
    )
    times = every(60, 0, 3 / 24, calm)
    login = {"route": ("/api/v1/auth/login",)}
    refused = [np.diff(counts(REQUESTS, one, times, code=("401", "429"), **login))[1] for one in (calm, attacked)]
    worked = [np.diff(counts(REQUESTS, one, times, code=("200",), **login))[1] for one in (calm, attacked)]
    everything = [np.diff(counts(REQUESTS, one, times))[1] for one in (calm, attacked)]
    assert refused[1] - refused[0] == pytest.approx(40 * 3600, rel=0.02)
    assert worked[1] == pytest.approx(worked[0], rel=0.1)
    assert everything[1] - everything[0] == pytest.approx(40 * 3600, rel=0.02)
    expected = LOGINS * signals(calm, times[1:2] + HOUR // 2, "http.served")[0][0] * 3600
    assert worked[0] == pytest.approx(0.938 * expected, rel=0.1)


def suspicions(of: object, times: np.ndarray) -> np.ndarray:
    return sum((counts(flow, of, times) for flow in SUSPICIONS), np.zeros(len(times), dtype=np.int64))


def is_rising(per_ten_minutes: np.ndarray) -> np.ndarray:
    """More than three times as much as in the hour before."""
    hours = np.convolve(per_ten_minutes, np.ones(6), mode="valid")[:-1]
    return np.asarray(per_ten_minutes[6:] > 3 * hours / 6)


def test_suspicious_addresses_make_suspicious_activity_rise() -> None:
    used = world(fault("suspicious_address", at="2h", lasts="1h"), duration="6h")
    rising = is_rising(np.diff(suspicions(used, every(10, 0, 0.25, used))))
    assert rising[6]
    assert not rising[:6].any()
    assert not rising[14:].any()


def critical(of: object, times: np.ndarray) -> np.ndarray:
    return sum(
        (counts(flow, of, times, severity=("critical",)) for flow in INCIDENTS), np.zeros(len(times), dtype=np.int64)
    )


def test_a_breach_is_critical() -> None:
    broken = world(fault("security_incident", at="1h", lasts="30m"), duration="3h")
    grown = np.diff(critical(broken, every(5, 0, 0.125, broken)))
    assert (grown[:12] == 0).all()
    assert grown[12:18].sum() == pytest.approx(60, abs=25)
    assert (grown[18:] == 0).all()


def below_last_week(values: np.ndarray, steps_a_week: int, share: float) -> np.ndarray:
    return np.asarray(values[steps_a_week:] < share * values[:-steps_a_week])


def engagement_score(of: object, times: np.ndarray) -> np.ndarray:
    """The mean over tiers."""
    (score,) = signals(of, times, "users.engagement")  # type: ignore[arg-type]
    return score * sum(TIERS.values()) / len(TIERS)


def test_disinterest_is_a_decline_and_too_much_of_it_is_low() -> None:
    mild, grave = (world(fault("engagement_decline", at="8d", lasts="1d", intensity=i)) for i in (0.3, 0.6))
    times = every(60, 0, 10, mild)
    for one, is_low in ((mild, False), (grave, True)):
        score = engagement_score(one, times)
        declined = below_last_week(score, WEEK_OF_HOURS, 0.8)
        assert declined[25:48].all()
        assert not declined[:25].any()
        assert (score[8 * 24 + 1 : 9 * 24] < 40).all() == is_low


def test_a_surge_of_churn_passes_fifteen_percent_within_half_a_day() -> None:
    surging = world(fault("churn_surge", at="1d", lasts="1d"))
    (churn,) = signals(surging, every(60, 0, 2, surging), "users.churn_percent")
    assert (churn[:24] < 10).all()
    assert (churn[36:48] > 15).all()


def registered(of: object, first_day: float, last_day: float) -> np.ndarray:
    """Registrations of six hours, every hour."""
    return increase(counts(REGISTRATIONS, of, every(60, first_day, last_day, of)), 6)  # type: ignore[arg-type]


def test_fewer_registrations_are_a_drop_after_a_few_hours() -> None:
    dropped = world(fault("registration_drop", at="8d", lasts="1d", intensity=0.8))
    low = below_last_week(registered(dropped, 0, 9.5), WEEK_OF_HOURS, 0.5)
    assert low[24 + 1 : 24 + 18].all()
    assert not low[:18].any()


@pytest.mark.parametrize(
    "cause",
    [fault("traffic_drop", at="8d", lasts="1d", intensity=0.7), fault("churn_surge", at="8d", lasts="2d", factor=8)],
)
def test_daily_users_drop_when_they_stay_away_and_when_they_leave(cause: dict[str, object]) -> None:
    left = world(cause)
    (daily,) = signals(left, every(60, 0, 11, left), "users.daily")
    low = below_last_week(daily, WEEK_OF_HOURS, 0.7)
    assert low[24 + 20 : 24 + 24].all()
    assert not low[:24].any()


@pytest.mark.parametrize("intensity", [0.15, 0.5])
def test_failed_payments_show_at_once(intensity: float) -> None:
    refused = world(fault("payment_failures", at="1h", lasts="1h", intensity=intensity), duration="3h")
    (success,) = signals(refused, every(5, 0, 0.125, refused), "payments.success_percent")
    assert (success[12:24] < 90).all()
    assert (success[:12] > 95).all()
    assert (success[24:] > 95).all()


def test_cancellations_double() -> None:
    quitting = world(fault("subscription_cancellations", at="8d", lasts="1d"))
    chosen, unpaid = signals(
        quitting, every(60, 0, 10, quitting), "subscriptions.cancelled_percent", "subscriptions.unpaid_percent"
    )
    total = 0.85 * chosen + 0.15 * unpaid
    doubled = total[WEEK_OF_HOURS:] > 2 * total[:-WEEK_OF_HOURS]
    assert doubled[24 + 2 : 48].all()
    assert not doubled[:24].any()
    assert not doubled[50:].any()


@pytest.mark.parametrize("seed", [1, 7])
def test_an_ordinary_month_trips_nothing(seed: int) -> None:
    calm = world(seed=seed)
    hours = every(60, -7, 30, calm)
    churn, daily, success, chosen = signals(
        calm, hours, "users.churn_percent", "users.daily", "payments.success_percent", "subscriptions.cancelled_percent"
    )
    score = engagement_score(calm, hours)
    assert churn.max() < 15
    assert success.min() > 90
    assert score.min() > 40
    assert not below_last_week(score, WEEK_OF_HOURS, 0.8).any()
    assert not below_last_week(daily, WEEK_OF_HOURS, 0.7).any()
    assert not below_last_week(registered(calm, -7, 30), WEEK_OF_HOURS, 0.5).any()
    assert not (chosen[WEEK_OF_HOURS:] > 2 * chosen[:-WEEK_OF_HOURS]).any()
    tens = every(10, 0, 30, calm)
    assert not is_rising(np.diff(suspicions(calm, tens))).any()
    assert critical(calm, tens)[-1] == critical(calm, tens)[0]
    rate, share = login_rates(calm, every(5, 0, 30, calm))
    assert rate.max() < 10
    assert share.max() < 0.5
