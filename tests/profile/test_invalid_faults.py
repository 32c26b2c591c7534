"""Faults that could not act, or not at once: refused with a line that says what would be right."""

from __future__ import annotations

import pytest

from simulator.errors import InputError
from simulator.profile.load import parse_profile

HEAD = """name: bad
description: bad
start: 2026-01-07T20:00:00
duration: 1h
platform: {size: SIZE, instances: {api: 2}, regions: {eu-central: 3, us-east: 1}}
faults:
"""
CASES = {
    "a route that the API does not have": (
        "  - {id: a, kind: http_errors, at: 1m, for: 5m, target: {route: /api/v1/post}}",
        "bad.yaml:7:65: faults[0].target.route: '/api/v1/post' is not a route of the API; did you mean '/api/v1/posts'",
    ),
    "a route that nobody would see": (
        "  - {id: a, kind: http_errors, at: 1m, for: 5m, target: {route: /api/v1/search}}",
        "bad.yaml:7:65: faults[0].target.route: '/api/v1/search' has no series of its own on a platform of size tiny; "
        "write platform.size: large, or name one of its 3 routes: /api/v1/posts, "
        "/api/v1/channels/:channelId/messages, /api/v1/messages, …",
    ),
    "a region that the users are not in": (
        "  - {id: a, kind: voice_delay, at: 1m, for: 5m, target: {region: eu-centrl}}",
        "bad.yaml:7:66: faults[0].target.region: 'eu-centrl' is not a region of the users; did you mean 'eu-central'? "
        "(regions: eu-central, us-east)",
    ),
    "an intensity above 1": (
        "  - {id: a, kind: http_errors, at: 1m, for: 5m, intensity: 1.5}",
        "bad.yaml:7:60: faults[0].intensity: 1.5 is not a number above 0 and up to 1",
    ),
    "restarts that overlap": (
        "  - {id: a, kind: deploy, at: 1m, for: 20m}\n  - {id: b, kind: crash_loop, at: 5m, for: 10m}",
        "bad.yaml:8:35: faults[1].at: restarts api-1 while faults[0] (a) does, until 21m",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused(case: str) -> None:
    faults, said = CASES[case]
    with pytest.raises(InputError) as refused:
        parse_profile(HEAD.replace("SIZE", "tiny") + faults + "\n", file="bad.yaml")
    assert len(refused.value.problems) == 1
    assert said in str(refused.value.problems[0])


def test_a_platform_of_few_routes_says_how_to_have_more() -> None:
    few = HEAD.replace("SIZE", "default, routes: 5") + CASES["a route that nobody would see"][0] + "\n"
    with pytest.raises(InputError, match=r"write a higher platform\.routes, or name one of its 5 routes"):
        parse_profile(few, file="bad.yaml")


@pytest.mark.parametrize(
    ("regions", "said"),
    [
        ("{}", "platform.regions: an empty mapping is not a mapping of 1 to 1000 regions to their weights"),
        ("{europe: 0}", "platform.regions.europe: 0 is not a weight above 0 and up to 1000000"),
        ("{Europe: 1}", "platform.regions.Europe: 'Europe' is not a name of lower case letters, digits and hyphens"),
        ("[europe]", "platform.regions: a list is not a mapping of 1 to 1000 regions to their weights"),
    ],
)
def test_regions_are_names_with_weights(regions: str, said: str) -> None:
    text = HEAD.replace("SIZE", "tiny").replace("{eu-central: 3, us-east: 1}", regions).replace("faults:\n", "")
    with pytest.raises(InputError) as refused:
        parse_profile(text, file="bad.yaml")
    assert len(refused.value.problems) == 1
    assert said in str(refused.value.problems[0])


def test_a_larger_platform_shows_more_routes() -> None:
    parse_profile(HEAD.replace("SIZE", "default") + CASES["a route that nobody would see"][0] + "\n", file="bad.yaml")
