"""`crybsim profile new`: a starter, or a draft for an alert of the team's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.causes import Causes
from simulator.cli.drafting import choose_rule, draft, read_rules, starter
from simulator.cli.learnt_names import reactions
from simulator.cli.new_files import FOLDER, write_profile
from simulator.cli.options import RulesOption
from simulator.cli.overlays import team_overlays
from simulator.engine.rules import RuleSet
from simulator.errors import InputError
from simulator.profile.settings import expand, load_settings
from simulator.streams.overlays import load_overlays

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower case letters, digits and hyphens.")],
    alert: Annotated[str | None, typer.Option("--alert", metavar="NAME", help="Draft it for this alert.")] = None,
    rules: RulesOption = None,
) -> None:
    """Write a commented starter to profiles/NAME.yaml, or a draft for one alert of your own rules.

    A draft carries `reviewed: false` and cannot pass until you have read it and removed that line.

    \b
    Examples:
      crybsim profile new friday-night
      crybsim profile new disk-full --alert HighErrorRate --rules 'rules/*.yml'
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a name of lower case letters, digits and hyphens")
    if rules and alert is None:
        raise InputError("--rules says where to look for an alert; say which one with --alert NAME")
    text = starter(name) if alert is None else _drafted(name, read_rules(_rule_files(rules)), alert)
    try:
        path = write_profile(FOLDER, name, text)
    except FileExistsError as error:
        raise InputError(f"{error.filename} is there already; nothing was written") from error
    typer.echo(f"wrote {path}; next: edit it, then crybsim profile check {path}", err=True)
    typer.echo(path)


def _drafted(name: str, rules: RuleSet, alert: str) -> str:
    rule = choose_rule(rules, alert)
    settings = load_settings()
    overlays = load_overlays(team_overlays(settings, None))
    reacts = {fault for overlay in overlays for fault in reactions(overlay)}
    return draft(name, rule, Causes(reacts, settings.jobs), rules.alerts)


def _rule_files(flags: list[str] | None) -> tuple[Path, ...]:
    if flags:
        return expand(flags, Path())
    settings = load_settings()
    if not settings.rules:
        raise InputError("--alert needs the rules: give --rules FILE, or name them in crybsim.yaml")
    return settings.files(settings.rules)
