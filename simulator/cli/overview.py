"""What `crybsim` alone prints: what it is for, a command to paste for each use, how the last run went."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from simulator.cli.commands import GROUPS
from simulator.cli.discovery import Found, discover
from simulator.profile.settings import FILE_NAME, find_settings
from simulator.resources import shipped


def overview(folder: Path) -> str:
    """At most 25 lines."""
    settings = find_settings(folder)
    found = Found() if settings else discover(folder)
    incident = _own_profile(folder) or "api-errors"
    rehearse = shlex.join(["crybsim", "rehearse", incident, *_own_files(found)])
    lines = [
        "crybsim rehearses an incident before it happens: load, matching telemetry, your alert rules, a verdict.",
        "",
        "A load test before a release:",
        "  crybsim load quiet-evening",
        "A rehearsal of alert rules:",
        f"  {rehearse}",
        "Data for dashboards:",
        "  crybsim demo quiet-evening",
        "",
        "Commands (crybsim COMMAND --help says more):",
    ]
    for group, entries in GROUPS.items():
        lines.append(f"  {group:<9} {', '.join(entry.written for entry in entries)}")
    lines.append("")
    if settings:
        lines.append(f"Settings: {settings}")
    else:
        lines.append(f"No {FILE_NAME} here; crybsim init writes one from the files it finds.")
    lines.append(_last_run(folder))
    return "\n".join(lines)


def _own_files(found: Found) -> list[str]:
    """The flags that make a rehearsal use the files found here instead of the shipped ones."""
    flags = [word for path in found.rules[:2] for word in ("--rules", str(path))]
    if len(found.rules) > 2:
        common = found.rules[0].parent
        flags = ["--rules", str(common / f"*{found.rules[0].suffix}")]
    if found.alertmanager:
        flags += ["--alertmanager-config", str(found.alertmanager[0])]
    return flags


def _own_profile(folder: Path) -> str:
    """The first profile here that is not a shipped one; empty where there is none."""
    own = [path for path in sorted(folder.glob("profiles/*.yaml")) if not (shipped("profiles") / path.name).exists()]
    return str(own[0].relative_to(folder)) if own else ""


def _last_run(folder: Path) -> str:
    """The newest verdict in runs/, with its path. A verdict that cannot be read is said to be so."""
    newest, when = None, 0.0
    for path in folder.glob("runs/*/verdict.json"):
        try:
            changed = path.stat().st_mtime
        except OSError:
            continue
        if changed > when:
            newest, when = path, changed
    if newest is None:
        return "No run yet."
    try:
        outcome = json.loads(newest.read_bytes())["outcome"]
    except (OSError, ValueError, KeyError, TypeError):
        outcome = "its verdict cannot be read"
    return f"Last run: {outcome}, {newest.relative_to(folder)}"
