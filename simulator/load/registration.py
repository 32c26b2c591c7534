"""Registering the users of a target once, into a file that later runs read."""

from __future__ import annotations

import csv
import os
import secrets
import stat
from collections.abc import Collection
from pathlib import Path

import httpx

from simulator.errors import InputError, UnobservedError
from simulator.load.visitor import Visitor, retry_after
from simulator.profile.target import Target
from simulator.profile.target_users import COLUMNS, read_users

_ROUTE = "/api/v1/auth/register"
_OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR


def register_missing(target: Target, host: str, *, allowed: Collection[str] = ()) -> int:
    """Register as many users as the target file wants and its file does not have yet; how many that were.

    Each one is in the file as soon as the API has taken it. Raises InputError for a file that others may read, and
    UnobservedError where the API did not take them all: what it took is kept, so the next run goes on from there.
    """
    path = target.users_file
    assert path is not None, "load_target asks for it"
    there = 0
    if path.exists():
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InputError(f"{path}: holds passwords and others may read it; chmod 600 it")
        there = len(read_users(path, ("username", "password"))) if path.stat().st_size else 0
    wanted = max(0, target.users.count - there)
    if not wanted:
        return 0
    with Visitor(target, None, host, allowed=allowed) as visitor:
        for nth in range(wanted):
            username, password = f"load_{secrets.token_hex(6)}", secrets.token_urlsafe(15)
            user_id = _register(visitor, there + nth + 1, username, password, done=f"{there + nth} of {there + wanted}")
            _append(path, {"username": username, "password": password, "id": user_id, "email": _mail(username)})
    return wanted


def _register(visitor: Visitor, number: int, username: str, password: str, *, done: str) -> str:
    body = {
        "username": username,
        "displayName": f"Load {number}",
        "email": _mail(username),
        "password": password,
        "confirmPassword": password,
    }
    try:
        answer = visitor.send("POST", _ROUTE, number=number, body=body)
    except httpx.HTTPError as error:
        raise UnobservedError(f"{done} users are registered; then no answer came: {error}") from error
    if not answer.is_success:
        later = f"; try again in {retry_after(answer):.0f} s" if answer.status_code == 429 else ""
        raise UnobservedError(f"{done} users are registered; then the API answered {answer.status_code}{later}")
    user = (visitor.data(_ROUTE, answer) or {}).get("user") or {}
    return str(user.get("id", ""))


def _mail(username: str) -> str:
    return f"{username}@load.example"


def _append(path: Path, row: dict[str, str]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
    with os.fdopen(handle, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if not file.tell():
            writer.writeheader()
        writer.writerow(row)
