"""`crybsim load … --cleanup`: what the users of a run made is removed, after it or later."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import orjson
from rich.console import Console

from simulator.cli.load_target import Aim
from simulator.errors import ExitCode, InputError
from simulator.load.cleanup import CleanedUp, clean_up
from simulator.profile.manifest import Manifest
from simulator.profile.target_users import TargetUsers
from simulator.wire.created import tag_of


def is_run(name: str) -> bool:
    """Whether what was given as a profile is the folder of an earlier run."""
    return (Path(name) / "manifest.json").is_file()


def clean_earlier(name: str, aim: Aim, allowed: Collection[str], console: Console, *, as_json: bool) -> int:
    """Remove what an earlier run left. Returns the exit code: inconclusive where something could not be removed."""
    folder = Path(name)
    try:
        manifest = Manifest.read(folder / "manifest.json")
    except ValueError as error:
        raise InputError(f"{folder}/manifest.json: is not a run's manifest: {error}") from error
    done = clean(folder, manifest, aim, (*allowed, *manifest.profile.load.allowed_hosts), console)
    if as_json:
        told = {name: getattr(done, name) for name in ("removed", "gone", "left", "failed", "reasons")}
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    return int(ExitCode.INCONCLUSIVE if done.failed else ExitCode.PASS)


def clean(folder: Path, manifest: Manifest, aim: Aim, allowed: Collection[str], console: Console) -> CleanedUp:
    """Remove what a run made, and say what became of it."""
    users = TargetUsers(aim.target, accounts=manifest.profile.platform.registered_users)
    done = clean_up(folder, aim.target, users, allowed=allowed)
    if not any((done.removed, done.gone, done.left, done.failed)):
        console.print("cleanup: nothing is left of this run", highlight=False)
        return done
    console.print(f"cleanup: {_counts(done.removed) or 'nothing'} removed", highlight=False, soft_wrap=True)
    if done.gone:
        console.print(f"- gone before: {_counts(done.gone)}", highlight=False, soft_wrap=True)
    if done.left:
        console.print(
            f"- left, as no route removes them: {_counts(done.left)}; their texts end with {tag_of(manifest.run_id)}",
            highlight=False,
            soft_wrap=True,
        )
    for kind, reason in done.reasons.items():
        console.print(f"- not removed: {_counts(Counter({kind: done.failed[kind]}))}: {reason}", highlight=False)
    if done.failed:
        console.print(f"- try again: crybsim load --cleanup {folder}", highlight=False, soft_wrap=True)
    return done


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(counter.items())).replace(
        "communitys", "communities"
    )
