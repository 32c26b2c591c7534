"""Incidents that are put into a profile from outside."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulator.catalog.faults import FAULT_KINDS
from simulator.errors import InputError
from simulator.profile.activity import active
from simulator.profile.incidents import Incident, Staged, with_incidents
from simulator.profile.load import load_profile, resolve_profile
from simulator.profile.schema import Profile
from simulator.units import HOUR, MINUTE


def shipped(name: str) -> Profile:
    return load_profile(resolve_profile(name))


def staged(name: str, *texts: str) -> Staged:
    return with_incidents(shipped(name), [Incident.parse(text) for text in texts])


def test_an_incident_of_the_past_acts_then_and_not_now() -> None:
    made = staged("quiet-evening", "http_errors@-3h", "latency@-20m/10m", "redis_down@+10m")
    assert made.lead_ms == 3 * HOUR
    assert made.profile.start == shipped("quiet-evening").start - timedelta(hours=3)
    acting = {
        minute: {one.fault.kind for one in active(made.profile, made.lead_ms + minute * MINUTE)}
        for minute in (-181, -180, -151, -150, -20, -10, 0, 10, 39, 40)
    }
    errors, slow, down, nothing = {"http_errors"}, {"latency"}, {"redis_down"}, set[str]()
    assert list(acting.values()) == [nothing, errors, errors, nothing, slow, nothing, nothing, down, down, nothing]


def test_the_profiles_own_faults_stay_where_they_are() -> None:
    made = staged("api-errors", "latency@-1h")
    (own,) = shipped("api-errors").faults
    assert made.profile.fault(own.id).at == own.at + HOUR
    assert made.profile.duration >= shipped("api-errors").duration + HOUR
    assert staged("api-errors").profile == shipped("api-errors")


def test_every_kind_can_be_one() -> None:
    profile = shipped("quiet-evening")
    platform = profile.platform.model_copy(
        update={"instances": profile.platform.instances.model_copy(update={"postgres": 2})}
    )
    for kind in FAULT_KINDS:
        if kind.name != "custom":  # what an overlay describes has no place to be described in
            incident = Incident.parse(f"{kind.name}@-3h")
            made = with_incidents(profile.model_copy(update={"platform": platform}), [incident])
            assert made.profile.faults[0].kind == kind.name


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["http_errrs@-3h"], "'http_errrs' is not a fault kind; did you mean 'http_errors'?"),
        (["custom@-3h"], "'custom' is not a fault kind"),
        (["http_errors"], "write KIND@-3h, KIND@+10m, or KIND@-3h/45m"),
        (["http_errors@3h"], "write KIND@-3h"),
        (["http_errors@-soon"], "soon"),
        (["http_errors@-3h/0s"], "0 is no time at all"),
        (["replication_lag@-3h"], "there is no replica that could lag"),
        (["latency@-1h", "latency@-50m"], "--incident latency@-50m: overlaps"),
    ],
)
def test_what_cannot_be_is_one_line(texts: list[str], words: str) -> None:
    with pytest.raises(InputError) as caught:
        staged("quiet-evening", *texts)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"--incident {texts[-1]}: ")
    assert "\n" not in str(caught.value)
