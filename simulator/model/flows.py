"""The flows of the catalogue brought to life: their leaves, their counts, and what faults do to them."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalog.families import Flow, rows
from simulator.catalog.faults import BY_NAME as KINDS
from simulator.model.changes import Change, ChangedCounts, Flows, fall_chances, rise_chances
from simulator.model.counts import Counts, CountTree, Floats, Leaves
from simulator.model.disturbance import first_onset, segments
from simulator.model.events import Events, events_between
from simulator.model.grid import Times, origin_days
from simulator.model.keys import keys
from simulator.model.moment import ELSEWHERE, Moment, World
from simulator.model.shapes import FlowShapes, Undisturbed
from simulator.model.spreads import cumulative_shares
from simulator.units import DAY

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_KEPT_MOMENTS: Final = 128


class Disturbed:
    """Moments at segments, with and without faults, kept for all flows of an instance."""

    def __init__(self, world: World, instance: str) -> None:
        self.world = world
        self.instance = instance
        self._kept: OrderedDict[tuple[bytes, str | None, bool], Moment] = OrderedDict()

    def moment(self, at: Times, route: str | None, *, disturbed: bool) -> Moment:
        known = (at.tobytes(), route, disturbed)
        if known not in self._kept:
            self._kept[known] = Moment(self.world, at, instance=self.instance, route=route, disturbed=disturbed)
            while len(self._kept) > _KEPT_MOMENTS:
                self._kept.popitem(last=False)
        return self._kept[known]


class FlowCounts:
    """One flow as one instance counts it.

    `labels` says what each row is; the counts of row r are leaves `r × buckets` and following, one for each bucket.
    """

    def __init__(self, flow: Flow, job: str, share: str, base: Undisturbed, faulty: Disturbed) -> None:
        self.flow = flow
        self.buckets = len(flow.bounds) + 1
        world = faulty.world
        extent = world.profile.platform.extent
        found = [(labels, part, self._group(labels)) for labels, part in rows(flow.dimensions, extent)]
        order = {group: place for place, group in enumerate(dict.fromkeys(group for _, _, group in found))}
        found.sort(key=lambda row: order[row[2]])
        self.labels = tuple(labels for labels, _, _ in found)
        self._parts = np.array([part for _, part, _ in found])
        self._share = share
        self._faulty = faulty

        names = [_filled(flow.spread, labels) for labels in self.labels]
        self.spreads = tuple(dict.fromkeys(names)) if flow.spread else ()
        self.spread_of_row = np.array([self.spreads.index(name) if flow.spread else 0 for name in names])

        count = len(self.labels) * self.buckets
        self._leaves = Leaves(
            keys=keys(world.seed, "flow", flow.name, job, faulty.instance, each=self._leaf_names()),
            factors=np.repeat(self._parts, self.buckets),
            shapes=np.repeat(self.spread_of_row * self.buckets, self.buckets)
            + np.tile(np.arange(self.buckets), len(self.labels)),
            dispersion=np.full(count, flow.dispersion),
        )
        shapes = FlowShapes(base, flow.signal, share, self.spreads, flow.bounds)
        tree = CountTree(self._leaves, shapes, world.start // DAY - origin_days(world.profile))
        self._flows = self._arranged([group for _, _, group in found])
        self._routes = self._distinct_routes()
        self._failing = [
            {route: self._by_signal(template, numbers) for route, numbers in self._routes.items()}
            for template in flow.failures.values()
        ]
        self._restarts = world.restarts(faulty.instance)
        self._at_restarts: Counts | None = None
        self._members = {
            (route, spread): rows_of[self.spread_of_row[rows_of] == spread]
            for route, numbers in self._routes.items()
            for rows_of in [self._rows_of(numbers)]
            for spread in range(max(1, len(self.spreads)))
        }
        onset = first_onset(world)
        self._counts = tree if onset is None else ChangedCounts(tree, self._leaves, self._flows, self, onset)

    def at(self, grid_ms: Times) -> Counts:
        """Events of each leaf before each instant, shape (L, T); instants rise."""
        return self._counts.at(grid_ms)

    def since_restart(self, grid_ms: Times) -> Counts:
        """As `at`, since the instance last began anew: what its counters show."""
        counts = self.at(grid_ms)
        passed = np.searchsorted(self._restarts, grid_ms, side="right")
        if len(passed) and passed[-1]:
            if self._at_restarts is None:
                self._at_restarts = self.at(self._restarts)
            again = passed > 0
            counts[:, again] -= self._at_restarts[:, passed[again] - 1]
        return counts

    def events(self, start: int, end: int) -> Events:
        """Every single event in `[start, end)` of grid time, as many as the counts rise by."""
        return events_between(self._counts, start, end)

    # -- Effects: what faults do to this flow ---------------------------------------------------------------------

    def segments(self, start: int, end: int) -> Times:
        """As `changes.Effects` has it."""
        return segments(self._faulty.world, start, end)

    def change(self, at: Times) -> Change:
        """As `changes.Effects` has it."""
        flow, flows, buckets = self.flow, self._flows, self.buckets
        middles = (at[:, 0] + at[:, 1]) // 2
        seconds = (at[:, 1] - at[:, 0]) / 1000.0
        base = self._faulty.moment(middles, None, disturbed=False)
        before = self._rate(base)
        shares = self._shares(base)
        keep = np.ones((len(at), len(flows.first_row) - 1))
        add = np.zeros((len(at), len(self._leaves)))
        fail = np.zeros((len(at), keep.shape[1], len(flow.failures)))
        rise = np.zeros((len(at), len(self.labels), buckets - 1))
        fall = np.zeros_like(rise)
        for route, members in self._routes.items():
            moment = self._faulty.moment(middles, route, disturbed=True)
            after = self._rate(moment)
            ratio = np.divide(after, before, out=np.ones(len(at)), where=before > 0)
            keep[:, members] = np.minimum(ratio, 1.0)[:, None]
            more = np.maximum(after - before, 0.0) * seconds
            for kind, signals in enumerate(self._failing):
                for name, numbers in signals[route].items():
                    fail[:, numbers, kind] = moment[name][:, None]
            late = self._shares(moment)
            for spread, (normal, now) in enumerate(zip(shares, late, strict=True)):
                here = self._members[route, spread]
                inside = np.diff(normal, axis=1, prepend=0.0)
                leaves = here[:, None] * buckets + np.arange(buckets)
                add[:, leaves] = more[:, None, None] * self._parts[here][:, None] * inside[:, None, :]
                if buckets > 1:
                    rise[:, here] = rise_chances(normal, now)[:, None, :]
                    fall[:, here] = fall_chances(normal, now)[:, None, :]
        return Change(keep, add, fail, rise, fall)

    def _rate(self, moment: Moment) -> Floats:
        return moment[self.flow.signal] * moment[self._share] if self._share else moment[self.flow.signal]

    def _shares(self, moment: Moment) -> list[Floats]:
        if not self.spreads:
            return [np.ones((len(moment), 1))]
        return [cumulative_shares(name, self.flow.bounds, moment) for name in self.spreads]

    # -- how rows belong together ---------------------------------------------------------------------------------

    def _group(self, labels: dict[str, str]) -> tuple[str, ...]:
        """What rows of one flow have in common: all labels but the outcome."""
        return tuple(value for name, value in labels.items() if name != self.flow.outcome)

    def _leaf_names(self) -> list[str]:
        edges = [*(f"{bound:g}" for bound in self.flow.bounds), "+Inf"]
        return [
            "\x1f".join((*(f"{name}={value}" for name, value in sorted(labels.items())), edge))
            for labels in self.labels
            for edge in edges
        ]

    def _arranged(self, groups: list[tuple[str, ...]]) -> Flows:
        flow = self.flow
        first = [row for row, group in enumerate(groups) if row == 0 or group != groups[row - 1]]
        edges = np.array([*first, len(groups)], dtype=np.int64)
        outcomes = [labels.get(flow.outcome, "") for labels in self.labels]
        failure_row = np.full((len(first), len(flow.failures)), -1, dtype=np.int64)
        for number in range(len(first)):
            members = range(edges[number], edges[number + 1])
            for kind, outcome in enumerate(flow.failures):
                failure_row[number, kind] = next((row for row in members if outcomes[row] == outcome), -1)
        fails = np.array([outcome in flow.healthy for outcome in outcomes], dtype=np.bool_)
        return Flows(self.buckets, edges, fails, failure_row)

    def _distinct_routes(self) -> dict[str | None, NDArray[np.int64]]:
        """Which flows a fault may tell apart: those of each route that some fault names or is about, those of other
        routes (ELSEWHERE), and those that know no routes (None)."""
        faults = self._faulty.world.profile.faults
        named = {fault.target.route for fault in faults} | {KINDS[fault.kind].route for fault in faults}
        found: dict[str | None, list[int]] = {}
        for number, row in enumerate(self._flows.first_row[:-1]):
            route = self.labels[row].get("route")
            found.setdefault(route if route in named or route is None else ELSEWHERE, []).append(number)
        return {route: np.array(members, dtype=np.int64) for route, members in found.items()}

    def _by_signal(self, template: str, numbers: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Flows by the signal that a template names for them."""
        found: dict[str, list[int]] = {}
        for number in numbers.tolist():
            found.setdefault(_filled(template, self.labels[self._flows.first_row[number]]), []).append(number)
        return {name: np.array(members, dtype=np.int64) for name, members in found.items()}

    def _rows_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        first = self._flows.first_row
        return np.concatenate([np.arange(first[number], first[number + 1]) for number in numbers])


def _filled(template: str, labels: dict[str, str]) -> str:
    """A spread's name with label values in place of `{label}`."""
    return _PLACEHOLDER.sub(lambda match: labels[match[1]], template)
