"""`crybsim init`: crybsim.yaml and a first profile, from the files that are here."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from simulator.cli.causes import CUSTOM, Causes
from simulator.cli.discovery import Found, as_patterns, discover
from simulator.cli.drafting import draft, read_rules, starter
from simulator.cli.learnt_names import OVERLAY, LearntNames, learn_names
from simulator.cli.new_files import FOLDER, schema_text, write_new, write_profile
from simulator.cli.options import DryRunOption
from simulator.errors import InputError
from simulator.profile.json_schema import settings_schema
from simulator.profile.settings import FILE_NAME
from simulator.telemetry.rules import AlertRule
from simulator.units import HOUR

SCHEMA_NAME = "crybsim.schema.json"
FIRST_PROFILE = "first-rehearsal"

_NOUNS = {
    "rules": "rule files",
    "alertmanager": "Alertmanager configurations",
    "prometheus": "Prometheus configurations",
    "locustfiles": "locustfiles",
    "dashboards": "dashboards",
}


def command(dry_run: DryRunOption = False) -> None:
    """Write crybsim.yaml and a first profile from the files found here. Nothing is ever overwritten.

    Rule files, alertmanager.yml, prometheus.yml, locustfiles and dashboards are told by what is in them. Metrics that
    they ask for and the catalogue lacks go into an overlay, as crybsim catalog learn drafts it.

    \b
    Examples:
      crybsim init
      crybsim init --dry-run
    """
    folder = Path()
    found = discover(Path.cwd())
    _say_found(found)
    names = learn_names(found)
    settings = settings_text(found, Path.cwd(), names)
    profile = first_profile(found, names)
    if dry_run:
        typer.echo(f"would write {FILE_NAME}:\n{settings}\nwould write {FOLDER / FIRST_PROFILE}.yaml:\n{profile}")
        return
    _write(folder / FILE_NAME, settings)
    _write(folder / SCHEMA_NAME, schema_text(settings_schema()))
    if names.overlay:
        OVERLAY.parent.mkdir(exist_ok=True)
        _write(OVERLAY, names.overlay)
        typer.echo(f"  {names.summary}: a guess from your rules and dashboards, to be read and corrected", err=True)
    try:
        path = write_profile(folder / FOLDER, FIRST_PROFILE, profile)
        typer.echo(f"wrote {path}", err=True)
    except FileExistsError as error:
        typer.echo(f"kept {error.filename}, which was there already", err=True)
    typer.echo(f"next: read {FOLDER / FIRST_PROFILE}.yaml, then crybsim rehearse {FIRST_PROFILE}", err=True)


def settings_text(found: Found, folder: Path, names: LearntNames) -> str:
    """The content of crybsim.yaml for the files found in a folder, and the names learnt from them."""
    lines = [
        f"# yaml-language-server: $schema={SCHEMA_NAME}",
        "# What would otherwise be repeated on every command line; a flag beats it. Paths start from this file.",
    ]
    lines += _listed("rules", as_patterns(found.rules, folder))
    lines += _single("prometheus_config", found.prometheus)
    lines += _single("alertmanager_config", found.alertmanager)
    lines += _listed("dashboards", as_patterns(found.dashboards, folder))
    if names.overlay:
        lines += ["# Metrics that your files ask for and the catalogue lacks; a draft of crybsim catalog learn:"]
        lines += _listed("overlays", (str(OVERLAY),))
    if names.jobs:
        lines += ["# Which part of the platform stands for which of your scrape jobs; a guess, too:", "jobs:"]
        lines += [f"  {json.dumps(job)}: {json.dumps(meant)}" for job, meant in names.jobs.items()]
    lines += [
        "",
        "# What runs in production: a rehearsal does as that does, and says how far its own engine is from it:",
        '# production: {prometheus: "2.45", alertmanager: "0.25", rules_path: /etc/prometheus/rules}',
        "# A staging stack to use instead of a local one, and the hosts that load may be sent to:",
        "# prometheus_url: http://prometheus.staging.example.org:9090",
        "# alertmanager_url: http://alertmanager.staging.example.org:9093",
        "# allowed_hosts: [staging.example.org]",
        "# limits: {users: 500, rate: 200/s}",
    ]
    return "\n".join(lines) + "\n"


def first_profile(found: Found, names: LearntNames) -> str:
    """A draft for the alert that is easiest to set off; the starter where there are no rules."""
    try:
        rules = read_rules(found.rules)
    except InputError as error:
        typer.echo(f"the rules could not be read, so the first profile is not drafted from them:\n{error}", err=True)
        return starter(FIRST_PROFILE)
    causes = Causes(names.reacts, names.jobs)
    quick = [rule for rule in rules.alerts if rule.selectors and rule.reach_ms + rule.for_ms < HOUR]
    likely = [rule for rule in quick if causes.of(rule)]
    platforms = [rule for rule in likely if (cause := causes.of(rule)) and cause.kind != CUSTOM]
    platforms = [rule for rule in platforms if not names.added & {selector.metric for selector in rule.selectors}]
    chosen = min(platforms or likely or quick or rules.alerts, key=_urgency, default=None)
    return draft(FIRST_PROFILE, chosen, causes, rules.alerts) if chosen else starter(FIRST_PROFILE)


def _urgency(rule: AlertRule) -> tuple[bool, int, str]:
    critical = ("severity", "critical") in rule.labels
    return not critical, rule.reach_ms + rule.for_ms, rule.name


_NOT_TAKEN = {
    "loki_rules": "rules in LogQL, for Loki's ruler; a Prometheus cannot evaluate them, so they are not rehearsed",
    "grafana_rules": "alerting that Grafana manages itself; no Prometheus evaluates it, so it is not rehearsed",
    "newer_dashboards": "a dashboard in schema v2, which is not looked at; Grafana exports the classic JSON, too",
}


def _say_found(found: Found) -> None:
    for path in found.unrendered:
        typer.echo(
            f"{path}: rules in a Helm template; render it (helm template CHART > rules.yaml), then init", err=True
        )
    for name, what in _NOT_TAKEN.items():
        for path in getattr(found, name):
            typer.echo(f"{path}: {what}", err=True)
    for name, noun in _NOUNS.items():
        paths: tuple[Path, ...] = getattr(found, name)
        shown = ", ".join(str(path) for path in paths[:5]) + (", …" if len(paths) > 5 else "")
        typer.echo(f"found {len(paths)} {noun}{': ' if paths else ''}{shown}", err=True)


def _listed(key: str, patterns: tuple[str, ...]) -> list[str]:
    if not patterns:
        return [f"# {key}: []"]
    return [f"{key}:", *(f"  - {json.dumps(pattern, ensure_ascii=False)}" for pattern in patterns)]


def _single(key: str, paths: tuple[Path, ...]) -> list[str]:
    if not paths:
        return [f"# {key}: ..."]
    others = [f"# found too: {path}" for path in paths[1:]]
    return [f"{key}: {json.dumps(str(paths[0]), ensure_ascii=False)}", *others]


def _write(path: Path, text: str) -> None:
    try:
        write_new(path, text)
        typer.echo(f"wrote {path}", err=True)
    except FileExistsError:
        typer.echo(f"kept {path}, which was there already", err=True)
