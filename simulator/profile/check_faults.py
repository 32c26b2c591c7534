"""Checks of faults against their kind, the platform and the run."""

from __future__ import annotations

import re
from itertools import combinations

from simulator.catalog.faults import BY_NAME, SHORTEST_PULSE_MS, FaultKind, Parameter
from simulator.catalog.http import routes_shown
from simulator.catalog.routes import PATTERNS
from simulator.catalog.sizes import Extent, Size
from simulator.errors import did_you_mean
from simulator.profile.activity import parameter, service_of
from simulator.profile.checks import Findings
from simulator.profile.document import Steps, describe
from simulator.profile.presence import instances_of, struck
from simulator.profile.schema import Fault, FaultShape, FaultTarget, Profile
from simulator.units import format_duration, parse_duration


def check_faults(profile: Profile, findings: Findings) -> None:
    """Every fault, alone and against the others."""
    for index, fault in enumerate(profile.faults):
        steps = ("faults", index)
        _check_times(fault, steps, profile, findings)
        kind = BY_NAME.get(fault.kind)
        if kind is None:
            hint = did_you_mean(fault.kind, BY_NAME)
            message = f"{describe(fault.kind)} is not a fault kind{hint} (`crybsim catalog faults` lists them)"
            findings.report((*steps, "kind"), message)
            findings.spoil((*steps, "kind"))
            continue
        _check_target(fault, kind, steps, profile, findings)
        known = len(findings.problems)
        _check_parameters(fault, kind, steps, findings)
        if len(findings.problems) == known:
            _check_rhythm(fault, kind, steps, profile, findings)
    for (first, one), (second, other) in combinations(enumerate(profile.faults), 2):
        _check_pair(one, first, other, second, findings)
        _check_restarts(profile, (one, first), (other, second), findings)


def _check_times(fault: Fault, steps: Steps, profile: Profile, findings: Findings) -> None:
    at, length, run = (*steps, "at"), (*steps, "for"), ("duration",)
    ends = format_duration(profile.duration)
    if fault.for_ == 0:
        findings.report(length, "0 is no time at all; write how long the fault lasts, such as 2m")
        findings.spoil(length)
    if fault.at >= profile.duration:
        findings.report(at, f"begins {format_duration(fault.at)} into a run that takes {ends}", run)
    elif fault.end > profile.duration:
        message = f"the fault ends {format_duration(fault.end)} into a run that takes {ends}; at most "
        findings.report(length, message + format_duration(profile.duration - fault.at), at, run)
    if 2 * fault.ramp > fault.for_:
        limit = format_duration(fault.for_ // 2)
        message = f"{format_duration(fault.ramp)} up and again down does not fit into {format_duration(fault.for_)}"
        findings.report((*steps, "ramp"), f"{message}; at most {limit}", length)
    if fault.shape is FaultShape.PULSES:
        _check_pulses(fault, steps, findings)
    else:
        for name in fault.model_fields_set & {"period", "duty"}:
            message = f"has no effect with shape {fault.shape}; write shape: pulses, or leave {name} out"
            findings.report((*steps, name), message, (*steps, "shape"), at_key=True)


def _check_pulses(fault: Fault, steps: Steps, findings: Findings) -> None:
    period = (*steps, "period")
    found = format_duration(fault.period)
    if fault.period * min(fault.duty, 1 - fault.duty) < SHORTEST_PULSE_MS:
        message = f"{found} with duty {fault.duty:g} has pulses or pauses under {format_duration(SHORTEST_PULSE_MS)}"
        findings.report(period, f"{message}, which no scrape would see", (*steps, "duty"), (*steps, "shape"))
    elif fault.period > fault.for_:
        message = f"{found} is longer than the fault ({format_duration(fault.for_)}), so it never pulses"
        findings.report(period, message, (*steps, "for"), (*steps, "shape"))


def _check_rhythm(fault: Fault, kind: FaultKind, steps: Steps, profile: Profile, findings: Findings) -> None:
    """Kinds that set their own times: what they do has to fit into the fault, and they take no other shape."""
    if not kind.own_rhythm:
        return
    for name in fault.model_fields_set & {"shape", "ramp"}:
        if name == "ramp" or fault.shape is not FaultShape.STEP:
            findings.report((*steps, name), f"{kind.name} has a rhythm of its own; leave {name} out", (*steps, "kind"))
    inside = (*steps, "parameters", "downtime") if "downtime" in fault.parameters else (*steps, "for")
    if kind.name == "crash_loop" and parameter(fault, "downtime") >= parameter(fault, "every"):
        downtime = format_duration(round(parameter(fault, "downtime")))
        every = format_duration(round(parameter(fault, "every")))
        findings.report(inside, f"away for {downtime} at crashes {every} apart would never be up", (*steps, "kind"))
    if kind.name == "deploy":
        count = len(struck(profile, fault))
        needs = round(parameter(fault, "downtime")) * count
        if needs > fault.for_:
            length = format_duration(fault.for_)
            message = f"{length} is too short to restart {count} one by one; {format_duration(needs)} or more"
            findings.report((*steps, "for"), message, (*steps, "kind"), (*steps, "target"))


def _check_target(fault: Fault, kind: FaultKind, steps: Steps, profile: Profile, findings: Findings) -> None:
    target, inside, kind_steps = fault.target, (*steps, "target"), (*steps, "kind")
    service = target.service or kind.service
    if target.service is not None and "service" in kind.scopes and target.service not in kind.services:
        guess = did_you_mean(target.service, kind.services)
        message = f"{kind.name} cannot break {describe(target.service)}{guess} (it can: {', '.join(kind.services)})"
        findings.report((*inside, "service"), message, kind_steps)
        return
    for name in FaultTarget.model_fields:
        value = getattr(target, name)
        if value is None or name in kind.scopes or (name == "service" and value == kind.service):
            continue
        if name == "service":
            message = f"{kind.name} breaks {kind.service}, not {describe(value)}; leave service out"
            findings.report((*inside, name), message, kind_steps)
        else:
            scopes = " or ".join(kind.scopes) or "nothing"
            message = f"{kind.name} cannot be narrowed to one {name} (it can to {scopes})"
            findings.report((*inside, name), message, kind_steps, at_key=True)
    if target.instance is not None and "instance" in kind.scopes:
        names = instances_of(profile, service)
        if target.instance not in names:
            there = f"{names[0]} to {names[-1]}" if len(names) > 1 else "".join(names) or "none"
            message = f"{describe(target.instance)} does not exist; instances of {service}: {there}"
            message += did_you_mean(target.instance, names[:500])
            findings.report((*inside, "instance"), message, kind_steps, ("platform", "instances", service))
    if target.route is not None and "route" in kind.scopes and target.route not in PATTERNS:
        message = f"{describe(target.route)} is not a route of the API"
        if re.match(r"[A-Z]+ /", target.route):
            message += "; leave the method out"
        elif guess := did_you_mean(target.route, PATTERNS):
            message += guess
        else:
            message += "; write a pattern such as /api/v1/posts/:id"
        findings.report((*inside, "route"), message, kind_steps)
    elif target.route is not None and "route" in kind.scopes:
        _check_route_shown(target.route, inside, profile, findings)
    if target.region is not None and "region" in kind.scopes:
        _check_region(target.region, inside, profile, findings)

    if kind.name == "replication_lag":
        if profile.platform.instances.postgres < 2:
            message = "there is no replica that could lag; write platform.instances.postgres: 2 or more"
            findings.report((*steps, "kind"), message, ("platform", "instances", "postgres"))
        elif target.instance == "postgres-1":
            findings.report((*inside, "instance"), "postgres-1 is the primary; name a replica", kind_steps)


def _check_region(region: str, inside: Steps, profile: Profile, findings: Findings) -> None:
    """A region that the users are not in could not break."""
    there = profile.platform.regions
    if region not in there:
        message = f"{describe(region)} is not a region of the users{did_you_mean(region, there)}"
        few = f"{', '.join([*there][:6])}{', …' if len(there) > 6 else ''}"
        findings.report((*inside, "region"), f"{message} (regions: {few})", ("platform", "regions"))


def _check_route_shown(route: str, inside: Steps, profile: Profile, findings: Findings) -> None:
    """A route that has no series of its own could break without anybody seeing it."""
    size, routes = profile.platform.size, profile.platform.routes
    shown = routes_shown(profile.platform.extent)
    if route in shown:
        return
    way = ""
    if route in routes_shown(Extent(Size.LARGE)):
        way = "write platform.size: large, or " if routes is None else "write a higher platform.routes, or "
    message = f"{describe(route)} has no series of its own on a platform of size {size}; {way}name one of its "
    busiest = ", ".join(shown[:3])
    message = f"{message}{len(shown)} routes: {busiest}, …"
    findings.report((*inside, "route"), message, ("platform", "size"), ("platform", "routes"))


def _check_parameters(fault: Fault, kind: FaultKind, steps: Steps, findings: Findings) -> None:
    specs = {spec.name: spec for spec in kind.parameters}
    for name, value in fault.parameters.items():
        inside = (*steps, "parameters", name)
        spec = specs.get(name)
        if spec is None:
            allowed = ", ".join(specs) or "none"
            message = f"{kind.name} has no parameter {name!r}{did_you_mean(name, specs)} (allowed: {allowed})"
            findings.report(inside, message, (*steps, "kind"), at_key=True)
        elif complaint := _wrong_parameter(spec, value):
            findings.report(inside, complaint, (*steps, "kind"))


def _wrong_parameter(spec: Parameter, value: str | float) -> str:
    """What is wrong with a parameter's value; empty when nothing is."""
    if spec.unit == "duration":
        try:
            number: float = parse_duration(value if isinstance(value, str) else f"{value:g}")
        except ValueError as error:
            return str(error)
        low, high = format_duration(round(spec.minimum)), format_duration(round(spec.maximum))
    else:
        low, high = f"{spec.minimum:g}", f"{spec.maximum:g}"
        if isinstance(value, str):
            return f"{describe(value)} is not a number from {low} to {high}"
        number = value
    found = value if isinstance(value, str) else f"{value:g}"
    return "" if spec.minimum <= number <= spec.maximum else f"{found} is not in the range from {low} to {high}"


def _check_pair(one: Fault, first: int, other: Fault, second: int, findings: Findings) -> None:
    mine, theirs = ("faults", second), ("faults", first)
    if one.id == other.id:
        findings.report((*mine, "id"), f"{one.id!r} is the id of faults[{first}] too; ids are unique", (*theirs, "id"))
    overlap = one.at < other.end and other.at < one.end
    if overlap and one.kind == other.kind and one.target == other.target:
        message = f"overlaps faults[{first}] ({one.id}), which breaks the same thing until {format_duration(one.end)}"
        needs = [(*steps, name) for steps in (mine, theirs) for name in ("kind", "target", "at", "for")]
        findings.report((*mine, "at"), message, *needs)


def _check_restarts(profile: Profile, one: tuple[Fault, int], other: tuple[Fault, int], findings: Findings) -> None:
    """Two faults that both let an instance begin anew cannot do so at once: which of them restarts it?"""
    (first, mine), (second, theirs) = one, other
    kinds = [BY_NAME.get(first.kind), BY_NAME.get(second.kind)]
    if not all(kind is not None and kind.restarts for kind in kinds):
        return
    if (first.kind, first.target) == (second.kind, second.target) or service_of(first) != service_of(second):
        return
    both = set(struck(profile, first)) & set(struck(profile, second))
    if both and first.at < second.end and second.at < first.end:
        message = f"restarts {min(both)} while faults[{mine}] ({first.id}) does, until {format_duration(first.end)}"
        needs = [("faults", number, name) for number in (mine, theirs) for name in ("kind", "target", "at", "for")]
        findings.report(("faults", theirs, "at"), message, *needs)
