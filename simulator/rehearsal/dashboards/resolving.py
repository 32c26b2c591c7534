"""The values that a dashboard's variables have when it is opened, as Grafana finds them.

A variable that is asked for keeps what was chosen when it was saved, as far as the answer still has it; else it takes
the first of the answer. All without a value of its own is every one of them. One variable's query may use others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from simulator.engine.panels import Dashboard, Panel
from simulator.engine.variables import AUTO, REFERENCE, Language, Variable, referred
from simulator.errors import RefusedError
from simulator.rehearsal.dashboards.asking import Server
from simulator.telemetry.interval import Interval
from simulator.units import MINUTE


@dataclass(frozen=True)
class Resolved:
    """A dashboard with its variables' values. `lacking` says of variables why they have none."""

    dashboard: Dashboard
    lacking: Mapping[str, str]

    def copies(self, panel: Panel) -> Iterator[tuple[str, Dashboard]]:
        """What a panel is shown for (` (instance=api-1)`, or nothing), and the dashboard with just these values."""
        variables = {variable.name: variable for variable in self.dashboard.variables}
        repeated = [variables[name] for name in dict.fromkeys(panel.repeats) if name in variables]
        values = [variable.options if variable.is_all else variable.chosen for variable in repeated]
        for chosen in product(*values):
            only = dict(zip((variable.name for variable in repeated), chosen, strict=True))
            told = ", ".join(f"{name}={value}" for name, value in only.items())
            fixed = tuple(
                replace(one, chosen=(only[one.name],)) if one.name in only else one for one in self.dashboard.variables
            )
            yield f" ({told})" if told else "", replace(self.dashboard, variables=fixed)


def resolved(dashboard: Dashboard, servers: Mapping[Language, Server], span: Interval) -> Resolved:
    """Find the values of every variable. A variable of a server that is not there keeps what it has."""
    lacking: dict[str, str] = {}
    known: list[Variable] = []
    for variable in _in_order(dashboard.variables):
        so_far = replace(dashboard, variables=tuple(known))
        server = servers.get(variable.language)
        if variable.kind in ("custom", "interval"):
            variable = _chosen(variable, variable.options)
        elif variable.kind == "query" and server is not None:
            query = so_far.filled(variable.query, step_ms=MINUTE, range_ms=span.length_ms)
            try:
                found = _cut(server.values(query, span), variable.regex)
            except RefusedError as error:
                lacking[variable.name] = f"variable ${variable.name} cannot be asked for: {error}"
            else:
                if not found and not (variable.is_all and variable.all_value):
                    lacking[variable.name] = f"variable ${variable.name} has no values: {query} finds nothing"
                variable = _chosen(variable, found)
        known.append(variable)
    by_name = {variable.name: variable for variable in known}
    return Resolved(replace(dashboard, variables=tuple(by_name[one.name] for one in dashboard.variables)), lacking)


def _in_order(variables: Collection[Variable]) -> Iterator[Variable]:
    """Each after those that its query refers to; those that refer to each other as they come."""
    waiting = {variable.name: variable for variable in variables}
    while waiting:
        ready = [
            one
            for one in waiting.values()
            if not (({referred(found) for found in REFERENCE.finditer(one.query)} - {one.name}) & waiting.keys())
        ]
        for variable in ready or [next(iter(waiting.values()))]:
            yield waiting.pop(variable.name)


def _chosen(variable: Variable, found: Collection[str]) -> Variable:
    """With the values found, and what of its choice is among them."""
    options = tuple(found)
    if variable.is_all:
        return replace(variable, options=options, chosen=variable.chosen if variable.all_value else options)
    kept = tuple(value for value in variable.chosen if value in options or value.startswith(AUTO))
    return replace(variable, options=options, chosen=kept or options[:1])


def _cut(found: Collection[str], regex: str) -> list[str]:
    """What a variable's regex leaves of the values: those that match, or the part in its first group."""
    if not regex:
        return list(dict.fromkeys(found))
    if regex.startswith("/"):
        body, _, flags = regex[1:].rpartition("/")
        regex = f"(?i){body}" if "i" in flags else body
    try:
        pattern = re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", regex))  # as JavaScript names groups
    except re.error as error:
        raise RefusedError(f"its regex {regex!r} cannot be read: {error}") from error
    kept = []
    for value in found:
        if match := pattern.search(value):
            named = match.groupdict().get("value") or match.groupdict().get("text")
            kept.append(
                named or next((group for group in match.groups() if group), match[0] if pattern.groups else value)
            )
    return list(dict.fromkeys(kept))
