"""Checks across fields: one table of (change to a right profile, the one line it must give)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.errors import InputError, Problem
from simulator.profile.load import parse_profile

Change = Callable[[dict[str, Any]], object]


def profile() -> dict[str, Any]:
    return {
        "name": "some-name",
        "description": "A right profile.",
        "start": "2026-01-07T20:00:00",
        "duration": "10m",
        "platform": {"instances": {"api": 2}},
        "faults": [
            {"id": "errors", "kind": "http_errors", "at": "1m", "for": "4m"},
            {"id": "down", "kind": "outage", "at": "6m", "for": "2m", "target": {"instance": "api-2"}},
        ],
        "expect": {
            "alerts": [{"name": "HighErrorRate", "labels": {"severity": "critical"}, "caused_by": "errors"}],
            "silent": ["DatabaseDown"],
        },
    }


def fault(index: int = 0, **fields: object) -> Change:
    return lambda data: data["faults"][index].update(fields)


def alert(**fields: object) -> Change:
    return lambda data: data["expect"]["alerts"][0].update(fields)


CASES: list[tuple[str, Change, str, str]] = [
    ("name", lambda d: d.update(name="other"), "name", "'other' is not how the file is called; write some-name"),
    (
        "no load",
        lambda d: d.update(load={"journeys": {"browse": 0, "post": 0, "search": 0}}),
        "load.journeys",
        "no jour",
    ),
    (
        "silence after the run",
        lambda d: d.update(silences=[{"matchers": ['severity="info"'], "at": "10m", "for": "1m"}]),
        "silences[0].at",
        "10m is not within the run, which takes 10m",
    ),
    (
        "silence of everything",
        lambda d: d.update(silences=[{"matchers": ['severity=~".*"'], "for": "1m"}]),
        "silences[0].matchers",
        "these matchers fit alerts without any label",
    ),
    (
        "silence without a matcher",
        lambda d: d.update(silences=[{"matchers": ["severity"], "for": "1m"}]),
        "silences[0].matchers[0]",
        "'severity' is not a matcher; write one like severity=",
    ),
    ("history", lambda d: d.update(history={"resolution": "10ms"}), "history.resolution", "10ms is too fine"),
    (
        "long history",
        lambda d: d.update(history={"length": "401d"}),
        "history.length",
        "401d is too long; at most 400d",
    ),
    ("same id", fault(1, id="errors"), "faults[1].id", "'errors' is the id of faults[0] too; ids are unique"),
    (
        "kind",
        fault(kind="htp_errors"),
        "faults[0].kind",
        "did you mean 'http_errors'? (`crybsim catalog faults` lists them)",
    ),
    (
        "scope",
        fault(1, target={"route": "/health"}),
        "faults[1].target.route",
        "outage cannot be narrowed to one route",
    ),
    ("service", fault(target={"service": "redis"}), "faults[0].target.service", "http_errors breaks api, not 'redis'"),
    (
        "instance",
        fault(1, target={"instance": "api-3"}),
        "faults[1].target.instance",
        "instances of api: api-1 to api-2",
    ),
    ("route", fault(target={"route": "/api/v1/post"}), "faults[0].target.route", "did you mean '/api/v1/posts'?"),
    (
        "region",
        fault(kind="voice_delay", target={"region": "asien"}),
        "faults[0].target.region",
        "'asien' is not a region of the users; did you mean 'asia'? (regions: europe, north-america, asia)",
    ),
    ("method", fault(target={"route": "GET /api/v1/posts"}), "faults[0].target.route", "leave the method out"),
    (
        "parameter",
        fault(kind="latency", parameters={"dely": "1s"}),
        "faults[0].parameters.dely",
        "did you mean 'delay'?",
    ),
    ("no parameter", fault(parameters={"delay": "1s"}), "faults[0].parameters.delay", "(allowed: none)"),
    ("range", fault(kind="latency", parameters={"delay": "1h"}), "faults[0].parameters.delay", "from 1ms to 10m"),
    ("unit", fault(kind="latency", parameters={"delay": 5}), "faults[0].parameters.delay", "'5' has no unit; write 5s"),
    ("after the run", fault(**{"for": "10m"}), "faults[0].for", "ends 11m into a run that takes 10m; at most 9m"),
    ("begins after", fault(1, at="10m"), "faults[1].at", "begins 10m into a run that takes 10m"),
    ("no time", fault(**{"for": 0}), "faults[0].for", "0 is no time at all"),
    ("ramp", fault(ramp="3m"), "faults[0].ramp", "3m up and again down does not fit into 4m; at most 2m"),
    ("no pulses", fault(period="1m"), "faults[0].period", "has no effect with shape step"),
    ("short pulse", fault(shape="pulses", period="5s"), "faults[0].period", "pulses or pauses under 5s"),
    ("long pulse", fault(shape="pulses", period="5m"), "faults[0].period", "longer than the fault (4m)"),
    (
        "overlap",
        fault(1, kind="http_errors", at="3m", target={}),
        "faults[1].at",
        "overlaps faults[0] (errors), which breaks the same thing until 5m",
    ),
    (
        "unknown service",
        fault(1, target={"service": "rediss"}),
        "faults[1].target.service",
        "outage cannot break 'rediss'; did you mean 'redis'?",
    ),
    ("watcher", fault(1, kind="deploy", target={"service": "grafana"}), "faults[1].target.service", "cannot break"),
    (
        "instance of another service",
        fault(1, target={"service": "redis", "instance": "api-2"}),
        "faults[1].target.instance",
        "instances of redis: redis-1",
    ),
    ("rhythm", fault(1, kind="deploy", ramp="30s"), "faults[1].ramp", "deploy has a rhythm of its own; leave ramp out"),
    (
        "hasty",
        fault(1, kind="deploy", target={}, **{"for": "9s"}),
        "faults[1].for",
        "restart 2 one by one; 10s or more",
    ),
    (
        "never up",
        fault(1, kind="crash_loop", parameters={"downtime": "1m"}),
        "faults[1].parameters.downtime",
        "away for 1m at crashes 1m apart would never be up",
    ),
    (
        "two restarts",
        lambda d: (
            d["faults"][1].update(kind="deploy", target={}),
            d["faults"].append(
                {"id": "again", "kind": "crash_loop", "at": "7m", "for": "1m", "target": {"instance": "api-2"}}
            ),
        ),
        "faults[2].at",
        "restarts api-2 while faults[1] (down) does, until 8m",
    ),
    ("no replica", fault(1, kind="replication_lag", target={}), "faults[1].kind", "there is no replica that could lag"),
    (
        "primary",
        lambda d: (
            d["platform"]["instances"].update(postgres=2),
            d["faults"][1].update(kind="replication_lag", target={"instance": "postgres-1"}),
        ),
        "faults[1].target.instance",
        "postgres-1 is the primary; name a replica",
    ),
    ("twice", lambda d: d["expect"]["alerts"].append(d["expect"]["alerts"][0]), "expect.alerts[1].name", "already"),
    ("silent", lambda d: d["expect"]["silent"].append("HighErrorRate"), "expect.silent[1]", "cannot stay silent"),
    ("silent twice", lambda d: d["expect"]["silent"].append("DatabaseDown"), "expect.silent[1]", "expect.silent[0]"),
    ("ignored", lambda d: d["expect"].update(ignore=["DatabaseDown"]), "expect.ignore[0]", "cannot be ignored as well"),
    ("nobody", alert(caused_by="erors"), "expect.alerts[0].caused_by", "did you mean 'errors'?"),
    (
        "too late",
        alert(fires_within="9m30s"),
        "expect.alerts[0].fires_within",
        "is 10m30s into a run of 10m; at most 9m",
    ),
    (
        "never",
        alert(fires_within="2m", fires_after="2m"),
        "expect.alerts[0].fires_after",
        "2m is not before fires_within",
    ),
    ("resolved", alert(resolves_within="6m"), "expect.alerts[0].resolves_within", "into a run of 10m; at most 5m"),
    ("who", alert(notifies=["slck"]), "expect.alerts[0].notifies[0]", "did you mean 'slack'?"),
    ("what", alert(notifies=["critical alerts"]), "expect.alerts[0].notifies[0]", "is not a #channel, an address"),
]


def complaints(data: dict[str, Any], writer: Callable[..., Any]) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        parse_profile(writer(data).text, file="profiles/some-name.yaml")
    return [problem for problem in caught.value.problems if isinstance(problem, Problem)]


def test_the_profile_of_the_table_is_right(writer: Callable[..., Any]) -> None:
    assert parse_profile(writer(profile()).text, file="profiles/some-name.yaml").name == "some-name"


@pytest.mark.parametrize(("change", "path", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_mistake_one_line(change: Change, path: str, words: str, writer: Callable[..., Any]) -> None:
    data = profile()
    change(data)
    (problem,) = complaints(data, writer)
    assert problem.path == path
    assert words in problem.message


def test_a_run_that_is_too_short_is_not_blamed_on_everything_in_it(writer: Callable[..., Any]) -> None:
    data = profile() | {"duration": "5s"}
    (problem,) = complaints(data, writer)
    assert (problem.path, problem.message) == ("duration", "5s is too short; a run takes 10s or more")


def test_resolving_is_counted_from_a_fault(writer: Callable[..., Any]) -> None:
    data = profile()
    data["expect"]["alerts"] = [{"name": "Watchdog", "resolves_within": "1m"}]
    (problem,) = complaints(data, writer)
    assert "needs caused_by" in problem.message


def test_a_wrong_field_hides_no_other_mistake(writer: Callable[..., Any]) -> None:
    data = profile()
    data["faults"][0] |= {"kind": "htp_errors", "for": "long", "intensity": 7}
    data["expect"]["alerts"][0]["notifies"] = ["slck"]
    assert [problem.path for problem in complaints(data, writer)] == [
        "faults[0].kind",
        "faults[0].for",
        "faults[0].intensity",
        "expect.alerts[0].notifies[0]",
    ]
