"""What `crybsim load` drives: a target file, the hosts, and whether there are users enough."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from simulator.errors import InputError
from simulator.load.registration import register_missing
from simulator.profile.schema import LoadModel, Profile
from simulator.profile.settings import Settings
from simulator.profile.target import Target, UserSource, load_target
from simulator.profile.target_users import TargetUsers
from simulator.units import MINUTE, format_duration

_LOGINS, _LOGINS_IN_MS = 20, 5 * MINUTE  # from one address (platform contract, 1.6)


@dataclass(frozen=True)
class Aim:
    """The target file (None: the contract), what it says, and the base addresses to drive (none: a reference API)."""

    path: Path | None
    target: Target
    hosts: tuple[str, ...]


def choose_aim(flag: Path | None, hosts: Sequence[str] | None, settings: Settings) -> Aim:
    """By flags, else by crybsim.yaml. Raises InputError."""
    path = flag or settings.file(settings.target)
    target = Target() if path is None else load_target(path)
    target.exemption_headers()  # its secret has to be there before anything starts
    return Aim(path, target, tuple(hosts or target.url))


def ready_users(aim: Aim, profile: Profile, processes: int, allowed: Collection[str], console: Console) -> None:
    """Register who is missing, and see that each virtual user can be another person. Raises InputError."""
    users = aim.target.users
    if users.source is UserSource.REGISTERED:
        if not aim.hosts:
            raise InputError("registered users need an API that is there: give --host, or `url` in the target file")
        if made := register_missing(aim.target, aim.hosts[0], allowed=allowed):
            console.print(f"{made} users registered; they are in {aim.target.users_file}", highlight=False)
    pool = TargetUsers(aim.target, accounts=profile.platform.registered_users)
    load = profile.load
    is_open = load.model is LoadModel.OPEN
    wanted = max(load.max_users, processes, load.max_in_flight if is_open else 0)
    if users.source is not UserSource.ACCOUNTS and len(pool) < wanted:
        lower = f"--users {len(pool)}{' and a lower load.max_in_flight' if is_open else ''}"
        raise InputError(
            f"{aim.target.users_file} has {len(pool)} users, and up to {wanted} take part, each another person; "
            f"add users, or take {lower}"
        )


def users_note(aim: Aim, profile: Profile) -> str:
    """What to know about logins before the run, or nothing."""
    users = aim.target.users
    if users.own_addresses or users.source is UserSource.MINTED or profile.load.max_users <= _LOGINS:
        return ""
    takes = format_duration(-(-profile.load.max_users // _LOGINS) * _LOGINS_IN_MS)
    return (
        f"note: all users sign in from one address, {_LOGINS} in five minutes, so {profile.load.max_users} of them are "
        f"there after {takes}; with minted tokens (users.source: minted) they are at once"
    )
