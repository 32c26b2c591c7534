"""What the load's users know of their requests, messages and calls, held against what the API counted. Pure.

Requests are compared by route and status. Of those that were given up, the API's log knows by their ids which ones it
answered after all, so nothing is left open. Messages and calls carry no ids: of those that were given up the API may
have taken any number, and only what is outside of that is a residue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.telemetry.observations import Account, RequestTotals

METHODS = ("GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS ")
"""With what the names of HTTP requests begin."""

_BY_SOCKET, _BY_HTTP = "SIO emit message:create", "POST /api/v1/messages"
_REFUSALS = {"RATE_LIMITED", "INVALID_DATA", "SERVER_ERROR", "400", "422", "429", "500"}
"""Of messages: the API counts these among those that failed, and so among all."""
_JOINS = ("SIO emit voice:join_channel", "POST /api/v1/voice/channels/:channelId/join")
_LEAVES = ("SIO emit voice:leave_channel", "POST /api/v1/voice/channels/:channelId/leave")
_MOST_TOLD = 20


class _Ends(NamedTuple):
    """How requests ended: the fields of `Account` that the generator knows."""

    sent: int
    answered: int
    refused: int
    timed_out: int
    aborted: int
    no_connection: int


@dataclass
class Counted:
    """What the instances of the API counted, added up: requests by (name, status), messages, calls (with those that
    still go on; None where it counts none), and requests that were given up and answered all the same."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    messages: int = 0
    calls: int | None = None
    unheard: Counter[tuple[str, str]] = field(default_factory=Counter)


def accounts_of(totals: Iterable[RequestTotals], counted: Counted) -> tuple[Account, ...]:
    """Requests, then messages and calls where there were any."""
    by_name = {one.name: one for one in totals}
    found = [_requests([one for name, one in by_name.items() if name.startswith(METHODS)], counted)]
    messages = [by_name[name] for name in (_BY_SOCKET, _BY_HTTP) if name in by_name]
    if messages:
        found.append(_messages(messages, counted))
    joins = [by_name[name] for name in _JOINS if name in by_name]
    if joins and counted.calls is not None:
        found.append(_calls(joins, [by_name[name] for name in _LEAVES if name in by_name], counted.calls))
    return tuple(found)


def _requests(totals: Sequence[RequestTotals], counted: Counted) -> Account:
    told = Counter({(one.name, code): count for one in totals for code, count in one.codes})
    residues = {
        key: counted.requests[key] - told[key] - counted.unheard[key]
        for key in told | counted.requests | counted.unheard
    }
    differing = [
        f"{' '.join(key)}: {counted.requests[key]:,} counted, {told[key]:,} answered"
        + (f", {counted.unheard[key]:,} answered unheard" if counted.unheard[key] else "")
        for key, residue in sorted(residues.items())
        if residue
    ]
    return Account(
        "requests",
        *_ends(totals),
        counted=counted.requests.total(),
        unheard=counted.unheard.total(),
        residue=sum(map(abs, residues.values())),
        differing=tuple(differing[:_MOST_TOLD]),
    )


def _messages(totals: Sequence[RequestTotals], counted: Counted) -> Account:
    uncounted = sum(_refused_uncounted(one) for one in totals)
    ends = _ends(totals)
    over = counted.messages + uncounted - ends.answered
    return _bounded("messages", ends, counted.messages, over, at_least=0, uncounted=uncounted)


def _refused_uncounted(one: RequestTotals) -> int:
    """Messages that were refused in a way that the API does not count: nobody may write there, or it is not there."""
    if one.name == _BY_SOCKET:
        return sum(count for code, count in one.codes if code not in _REFUSALS)
    return sum(count for code, count in one.codes if code not in _REFUSALS and not code.startswith("2"))


def _calls(joins: Sequence[RequestTotals], leaves: Sequence[RequestTotals], counted: int) -> Account:
    """Who could not say goodbye and joins again is in the same call still."""
    refused = sum(one.failures + one.declined + one.rate_limited - one.unanswered for one in joins)
    ends = _ends(joins)
    over = counted + refused - ends.answered
    return _bounded("calls", ends, counted, over, at_least=-sum(one.unanswered for one in leaves), uncounted=refused)


def _bounded(what: str, ends: _Ends, counted: int, over: int, *, at_least: int, uncounted: int) -> Account:
    """`over` is what the API counted beyond what was answered: as many as were given up, at most."""
    given_up = ends.timed_out + ends.aborted
    unheard = max(min(over, given_up), at_least)
    residue = over - unheard
    answered = f"{ends.answered - uncounted:,} answered, {given_up:,} given up"
    return Account(
        what,
        *ends,
        counted=counted,
        unheard=unheard,
        uncounted=uncounted,
        residue=abs(residue),
        differing=(f"{what}: {counted:,} counted, {answered}",) if residue else (),
    )


def _ends(totals: Iterable[RequestTotals]) -> _Ends:
    totals = tuple(totals)
    sent = sum(one.requests for one in totals)
    return _Ends(
        sent,
        sent - sum(one.unanswered for one in totals),
        sum(one.refused for one in totals),
        sum(one.timed_out for one in totals),
        sum(one.aborted for one in totals),
        sum(one.no_connection for one in totals),
    )
