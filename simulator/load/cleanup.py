"""Removing what the users of a run made, by the routes that the contract has for it, as the users who made it.

What no route removes (comments, communities, accounts, payments) is left, and told: it carries the run's tag.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from simulator.load.visitor import Visitor
from simulator.profile.target import Target
from simulator.profile.target_users import TargetUsers
from simulator.wire.created import PATTERN, Created, encode_created, read_created

LEFT: Final = "created-left.jsonl"


@dataclass(frozen=True)
class Removal:
    """How one kind of thing is removed: method, route, and its parameter."""

    method: str
    route: str
    parameter: str
    body: Mapping[str, object] | None = None


REMOVALS: Final[Mapping[str, Removal]] = {
    "message": Removal("DELETE", "/api/v1/messages/:messageId", "messageId"),
    "upload": Removal("DELETE", "/api/v1/uploads/:fileId", "fileId"),
    "vote": Removal("POST", "/api/v1/posts/:id/vote", "id", {"value": 0}),
    "post": Removal("POST", "/api/v1/posts/:id/remove", "id"),
    "channel": Removal("DELETE", "/api/v1/channels/:channelId", "channelId"),
}
"""By kind; votes go before the posts that they are on, and everything in the order of this table."""


@dataclass
class CleanedUp:
    """What became of everything, as counts by kind. `reasons` tells once why something could not be removed."""

    removed: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)  # before we came
    left: Counter[str] = field(default_factory=Counter)  # no route removes it
    failed: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)


def clean_up(
    run: Path,
    target: Target,
    users: TargetUsers,
    *,
    allowed: Collection[str] = (),
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> CleanedUp:
    """Remove what a run folder's files name. What stays is in `created-left.jsonl` afterwards, for another time.

    Raises InputError for a host that was not allowed.
    """
    everything = list(dict.fromkeys(read_created(run)))
    result, stays = CleanedUp(), []
    order = list(REMOVALS)
    by_host: defaultdict[str, list[Created]] = defaultdict(list)
    for one in everything:
        if one.kind not in REMOVALS or not one.number or target.path(REMOVALS[one.kind].route) is None:
            result.left[one.kind] += 1
            stays.append(one)
        else:
            by_host[one.host].append(one)
    done = 0
    for host, there in by_host.items():
        there.sort(key=lambda one: order.index(one.kind))
        with Visitor(target, users, host, allowed=allowed) as visitor:
            for one in there:
                problem = _remove(visitor, users, one, result)
                if problem:
                    result.failed[one.kind] += 1
                    result.reasons.setdefault(one.kind, problem)
                    stays.append(one)
                done += 1
                progress(done, len(everything) - sum(result.left.values()))
    _keep(run, stays)
    return result


def _remove(visitor: Visitor, users: TargetUsers, one: Created, result: CleanedUp) -> str:
    """Remove one thing and count it; why that failed, or nothing."""
    if one.number > len(users):
        return f"{one.by} is not among the target's users any more"
    how = REMOVALS[one.kind]
    try:
        token = visitor.token(users.user(one.number))
        if not token:
            return f"{one.by} could not sign in"
        more = {how.parameter: one.id}
        answer = visitor.send(how.method, how.route, number=one.number, body=how.body, token=token, **more)
    except httpx.HTTPError as error:
        return f"{one.host} gave no answer: {type(error).__name__}"
    if answer.is_success:
        result.removed[one.kind] += 1
    elif answer.status_code == 404:
        result.gone[one.kind] += 1
    else:
        return f"the API answered {answer.status_code} to {how.method} {how.route}"
    return ""


def _keep(run: Path, stays: list[Created]) -> None:
    """Write down what is still there; the old files go last, so that nothing is forgotten if we are stopped here."""
    old = [path for path in run.glob(PATTERN) if path.name != LEFT]
    draft = run / f"{LEFT}.new"
    draft.write_bytes(b"".join(encode_created(one) + b"\n" for one in stays))
    draft.replace(run / LEFT)
    for path in old:
        path.unlink()
