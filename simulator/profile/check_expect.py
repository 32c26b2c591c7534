"""Checks of expectations against the faults and the run: what could never be judged is refused before it runs."""

from __future__ import annotations

import re

from simulator.errors import did_you_mean
from simulator.profile.checks import Findings
from simulator.profile.document import Steps, describe, render_steps
from simulator.profile.schema import ExpectedAlert, Fault, Profile
from simulator.telemetry.observations import NotificationKind
from simulator.units import format_duration

_CHANNEL = re.compile(r"#[^\s#]+")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_RECEIVER = re.compile(r"receiver:\S.*")


def check_expect(profile: Profile, findings: Findings) -> None:
    """Every expectation."""
    expect = profile.expect
    seen: dict[tuple[object, ...], int] = {}
    for index, alert in enumerate(expect.alerts):
        steps = ("expect", "alerts", index)
        first = seen.setdefault((alert.name, *sorted(alert.labels.items())), index)
        if first != index:
            labels = "the same labels" if alert.labels else "no labels"
            needs = [("expect", "alerts", item, name) for item in (first, index) for name in ("name", "labels")]
            message = f"{alert.name} with {labels} is expected already in expect.alerts[{first}]"
            findings.report((*steps, "name"), message, *needs)
        _check_cause_and_times(alert, steps, profile, findings)
        _check_notifies(alert, steps, findings)
    _check_lists(profile, findings)


def _check_lists(profile: Profile, findings: Findings) -> None:
    """An alert is expected, silent or ignored: one of the three, once."""
    expect = profile.expect
    seen: dict[str, Steps] = {}
    for index, alert in enumerate(expect.alerts):
        seen.setdefault(alert.name, ("expect", "alerts", index, "name"))
    for field, word in (("silent", "stay silent"), ("ignore", "be ignored")):
        names: tuple[str, ...] = getattr(expect, field)
        for index, name in enumerate(names):
            here: Steps = ("expect", field, index)
            other = seen.setdefault(name, here)
            if other != here:
                message = f"{name} cannot {word} as well: it is in {render_steps(other)} already"
                findings.report(here, message, other)


def _check_cause_and_times(alert: ExpectedAlert, steps: Steps, profile: Profile, findings: Findings) -> None:
    fault: Fault | None = None
    needs: list[Steps] = [("duration",), (*steps, "caused_by")]
    if alert.caused_by is not None:
        ids = {fault.id: index for index, fault in enumerate(profile.faults)}
        if not findings.is_there(("faults",)):
            return
        if alert.caused_by not in ids:
            there = f"faults: {', '.join(ids)}" if ids else "this profile has no faults"
            message = f"no fault is called {alert.caused_by!r}; {there}{did_you_mean(alert.caused_by, ids)}"
            all_ids: list[Steps] = [("faults", index, "id") for index in range(len(profile.faults))]
            findings.report((*steps, "caused_by"), message, *all_ids)
            return
        index = ids[alert.caused_by]
        fault = profile.faults[index]
        needs += [("faults", index, name) for name in ("id", "at", "for")]
    onset = fault.at if fault else 0
    origin = f"{fault.id} begins" if fault else "the run begins"
    run = format_duration(profile.duration)
    for name, within in (("fires_within", alert.fires_within), ("fires_after", alert.fires_after)):
        if within is not None and onset + within > profile.duration:
            message = (
                f"{format_duration(within)} after {origin} is {format_duration(onset + within)} into a run of {run}"
            )
            findings.report((*steps, name), f"{message}; at most {_left(profile.duration - onset)}", *needs)
    if alert.fires_after is not None and alert.fires_within is not None and alert.fires_after >= alert.fires_within:
        message = (
            f"{format_duration(alert.fires_after)} is not before fires_within ({format_duration(alert.fires_within)})"
        )
        findings.report((*steps, "fires_after"), message, (*steps, "fires_within"))
    if alert.resolves_within is None:
        return
    if fault is None:
        message = "is counted from a fault's end, so it needs caused_by"
        findings.report((*steps, "resolves_within"), message, *needs, at_key=True)
    elif fault.end + alert.resolves_within > profile.duration:
        message = f"{format_duration(alert.resolves_within)} after {fault.id} ends is "
        message += f"{format_duration(fault.end + alert.resolves_within)} into a run of {run}"
        findings.report(
            (*steps, "resolves_within"), f"{message}; at most {_left(profile.duration - fault.end)}", *needs
        )


def _left(milliseconds: int) -> str:
    return format_duration(max(milliseconds, 0))


def _check_notifies(alert: ExpectedAlert, steps: Steps, findings: Findings) -> None:
    kinds = [kind.value for kind in NotificationKind]
    for index, item in enumerate(alert.notifies):
        known = item in kinds or any(form.fullmatch(item) for form in (_CHANNEL, _ADDRESS, _RECEIVER))
        if not known:
            guess = did_you_mean(item, kinds)
            message = f"{describe(item)} is not a #channel, an address, receiver:NAME or an integration{guess}"
            findings.report((*steps, "notifies", index), f"{message} (integrations: {', '.join(kinds)})")
