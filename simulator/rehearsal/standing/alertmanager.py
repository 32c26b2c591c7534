"""An Alertmanager that runs: its routes, whether alerts can get to them, and on request whether people would hear."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import httpx
from ruamel.yaml.error import YAMLError

from simulator.clock import Clock, rfc3339
from simulator.engine.routing_tree import Route, RoutingTree, read_routing
from simulator.rehearsal.standing.answers import is_healthy, json_of, refusal
from simulator.telemetry.checks import Check, State
from simulator.units import MINUTE

_NAME: Final = "alertmanager"
_TEST_ALERT: Final = "CrybsimTest"
_COUNTED: Final = re.compile(
    r"^alertmanager_notifications(?P<failed>_failed)?_total"
    r'\{.*?integration="(?P<integration>[^"]+)".*\} (?P<count>\S+)$',
    re.M,
)
_POLL_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 30.0


def check_alertmanager(
    client: httpx.Client, clock: Clock, alerts: Sequence[Mapping[str, str]], test_labels: Mapping[str, str] | None
) -> Iterator[Check]:
    """Everything about one server. `alerts` are the label sets that rules can send; `test_labels` those of an alert to
    be sent now, so that real people may hear of it."""
    health = is_healthy(client, _NAME, "/-/healthy", "is it started? look into its log; is the URL the right one?")
    yield health
    if not health.ready:
        return
    try:
        status = json_of(client, "/api/v2/status")
        yield Check(_NAME, State.OK, f"version {status['versionInfo']['version']}")
        tree = read_routing(status["config"]["original"])
        yield from _routes(tree, alerts)
        if test_labels is not None:
            yield _heard(client, clock, tree, test_labels)
    except (httpx.HTTPError, KeyError, ValueError, YAMLError) as error:
        yield Check(_NAME, State.BROKEN, f"cannot be read: {refusal(error)}", "is this an Alertmanager, with API v2?")


def _routes(tree: RoutingTree, alerts: Sequence[Mapping[str, str]]) -> Iterator[Check]:
    """Which routes nothing can get to, by their place, and which none of the rules' alerts gets to."""
    routes = tuple(tree.routes())
    cut_off = dict(_cut_off(tree.root))
    reached = {route.path for labels in alerts for route in tree.root.match(labels)}
    found = f"{len(routes)} routes to {len(tree.receivers)} receivers"
    yield Check("routes", State.BROKEN if cut_off else State.OK, found)
    for path, catcher in cut_off.items():
        then = f"move it before {catcher}, or set continue there"
        yield Check("route", State.BROKEN, f"{path} hears nothing: {catcher} comes first and catches all of it", then)
    if not alerts:
        return
    for route in routes:
        if not route.children and route.path not in reached and route.path not in cut_off:
            yield Check("route", State.NOTE, f"{route.path} to {route.receiver}: no alert of the rules gets there")
    unheard = [name for name, integrations in tree.receivers.items() if not integrations]
    for labels in alerts:
        if all(route.receiver in unheard for route in tree.root.match(labels)):
            name = labels.get("alertname", "")
            yield Check("route", State.NOTE, f"{name} goes to a receiver without integrations: nobody hears of it")


def _cut_off(route: Route) -> Iterator[tuple[str, str]]:
    """Routes that an earlier sibling leaves nothing to, and that sibling: it does not go on, and matches whatever they
    match."""
    for number, child in enumerate(route.children):
        for earlier in route.children[:number]:
            if not earlier.goes_on and set(earlier.matchers) <= set(child.matchers):
                yield child.path, earlier.path
                break
        yield from _cut_off(child)


def _heard(client: httpx.Client, clock: Clock, tree: RoutingTree, labels: Mapping[str, str]) -> Check:
    """Send an alert, and see by the server's own counters whether its receivers took the notification."""
    named = {"alertname": _TEST_ALERT, **labels}
    receivers = sorted({route.receiver for route in tree.root.match(named)})
    expected = {kind for receiver in receivers for kind, _ in tree.receivers.get(receiver, ())}
    where = ", ".join(receivers)
    if not expected:
        return Check("notification", State.MISSING, f"{where} has no integration", "give the receiver one")
    wait_ms = max(route.group_wait_ms for route in tree.root.match(named))
    before = _counts(client)
    now_ms = clock.now_ms()
    alert = {
        "labels": named,
        "annotations": {"summary": "A test by crybsim validate; nothing is wrong."},
        "startsAt": rfc3339(now_ms),
        "endsAt": rfc3339(now_ms + MINUTE + wait_ms),
    }
    client.post("/api/v2/alerts", json=[alert]).raise_for_status()
    deadline = clock.monotonic() + _PATIENCE_SECONDS + wait_ms / 1000
    while True:
        sent, failed = _since(before, _counts(client))
        if failed:
            then = "look into Alertmanager's log: the URL, the token or key, the address, the network"
            return Check("notification", State.BROKEN, f"{where}: {', '.join(sorted(failed))} failed", then)
        if expected <= sent:
            return Check("notification", State.OK, f"{where}: {', '.join(sorted(expected))} took a test notification")
        if clock.monotonic() > deadline:
            left = ", ".join(sorted(expected - sent))
            return Check(
                "notification", State.BROKEN, f"{where}: nothing was sent by {left}", "a silence? a time interval?"
            )
        clock.sleep(_POLL_SECONDS)


def _counts(client: httpx.Client) -> dict[tuple[str, bool], float]:
    text = client.get("/metrics").raise_for_status().text
    counts: dict[tuple[str, bool], float] = {}
    for found in _COUNTED.finditer(text):
        key = found["integration"], bool(found["failed"])
        counts[key] = counts.get(key, 0.0) + float(found["count"])
    return counts


def _since(before: Mapping[Any, float], after: Mapping[Any, float]) -> tuple[set[str], set[str]]:
    """Integrations that have sent since, and those that have failed."""
    risen = {key for key, count in after.items() if count > before.get(key, 0.0)}
    return {kind for kind, failed in risen if not failed}, {kind for kind, failed in risen if failed}
