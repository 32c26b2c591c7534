"""`crybsim validate`: is everything here that a rehearsal needs, and what to do where it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.cli.manifests import plain_config, plain_rule_files
from simulator.cli.options import (
    AlertmanagerBinOption,
    AlertmanagerConfigOption,
    AlertmanagerUrlOption,
    DashboardsOption,
    JsonOption,
    PrometheusBinOption,
    PrometheusConfigOption,
    PrometheusUrlOption,
    RulesOption,
    flag_or_setting,
)
from simulator.cli.panels_view import team_dashboards
from simulator.cli.validate_stack import (
    ApiUrlOption,
    GrafanaUrlOption,
    LokiUrlOption,
    SentryDsnOption,
    Stack,
    TestNotificationOption,
    check_stack,
)
from simulator.clock import WallClock
from simulator.errors import ExitCode, InputError
from simulator.profile.settings import Settings, expand, load_settings
from simulator.resources import shipped
from simulator.stack.binaries import search_binaries
from simulator.stack.checked_files import CheckedFiles, check_files
from simulator.stack.readiness import check_ports, check_programs, check_python
from simulator.telemetry.checks import Check, State
from simulator.wire.kubernetes import Carried

_STYLES: Final = {State.OK: "green", State.NOTE: "yellow", State.MISSING: "bold red", State.BROKEN: "bold red"}


def command(
    rules: RulesOption = None,
    prometheus_config: PrometheusConfigOption = None,
    alertmanager_config: AlertmanagerConfigOption = None,
    prometheus_bin: PrometheusBinOption = None,
    alertmanager_bin: AlertmanagerBinOption = None,
    prometheus_url: PrometheusUrlOption = None,
    alertmanager_url: AlertmanagerUrlOption = None,
    loki_url: LokiUrlOption = None,
    grafana_url: GrafanaUrlOption = None,
    api_url: ApiUrlOption = None,
    sentry: SentryDsnOption = None,
    dashboards: DashboardsOption = None,
    test_notification: TestNotificationOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Say what this machine has and what is missing; with URLs, how a running stack is, component by component.

    Without a URL: servers and versions, rules and routes, ports; then the stack whose URLs crybsim.yaml has, if any.
    Rules and configurations are the given ones, else those of crybsim.yaml, else the shipped reference; promtool and
    amtool read them.

    With URLs: is each healthy, each target up, each rule evaluated, each metric there that rules and dashboards read,
    each route within reach; does Loki give a line back, Sentry take an event, Grafana reach its data sources. With
    --dashboards (or crybsim.yaml's), each panel's queries are asked as Grafana would: which have data, and why the
    others have none. Each line says what to check next. Exit code 3 if something is missing or broken.

    \b
    Examples:
      crybsim validate
      crybsim validate --rules 'rules/*.yml' --alertmanager-config alertmanager.yml
      crybsim validate --prometheus-url http://127.0.0.1:9090 --alertmanager-url http://127.0.0.1:9093
      crybsim validate --prometheus-url http://127.0.0.1:9090 --dashboards 'dashboards/*.json'
      crybsim validate --loki-url http://127.0.0.1:3100 --grafana-url http://127.0.0.1:3005 --json
      crybsim validate --alertmanager-url http://127.0.0.1:9093 --test-notification severity=critical
    """
    settings = load_settings()
    given = Stack(prometheus_url, alertmanager_url, loki_url, grafana_url, api_url, sentry)
    stack = given if given.is_given else Stack.named_in(settings)
    checks: list[Check] = []
    if not given.is_given:
        checks += _machine(settings, rules, prometheus_config, alertmanager_config, prometheus_bin, alertmanager_bin)
    if stack.is_given:
        checks += check_stack(stack, settings, WallClock(), team_dashboards(dashboards, settings), test_notification)
    elif test_notification is not None or dashboards:
        raise InputError("--test-notification and --dashboards look at a running stack; give its URLs")
    return _conclude(checks, as_json)


def _machine(
    settings: Settings,
    rules: list[str] | None,
    prometheus_config: Path | None,
    alertmanager_config: Path | None,
    prometheus_bin: Path | None,
    alertmanager_bin: Path | None,
) -> Iterator[Check]:
    """What is here. Raises InputError."""
    said: list[str] = []
    scrapes = _file(prometheus_config, settings.prometheus_config, settings, "prometheus/prometheus.yml")
    routes = _file(alertmanager_config, settings.alertmanager_config, settings, "alertmanager/alertmanager.yml")
    files = CheckedFiles(
        rules=plain_rule_files(_rules(rules, settings), settings.folder, said.append),
        prometheus_config=plain_config(scrapes, Carried.PROMETHEUS, settings.folder, said.append),
        alertmanager_config=plain_config(routes, Carried.ALERTMANAGER, settings.folder, said.append),
    )
    programs = search_binaries(
        flag_or_setting(prometheus_bin, settings.file(settings.prometheus_bin)),
        flag_or_setting(alertmanager_bin, settings.file(settings.alertmanager_bin)),
    )
    production = {"prometheus": settings.production.prometheus, "alertmanager": settings.production.alertmanager}
    yield from check_python()
    yield from check_programs(programs, production)
    yield from (Check("files", State.NOTE, what) for what in said)
    yield from check_files(programs, files)
    yield from check_ports()


def _conclude(checks: Sequence[Check], as_json: bool) -> ExitCode:
    ready = all(check.ready for check in checks)
    _show(checks, Console(stderr=as_json))
    if as_json:
        typer.echo(json.dumps({"ready": ready, "checks": [asdict(check) for check in checks]}, indent=2))
    return ExitCode.PASS if ready else ExitCode.INCONCLUSIVE


def _rules(given: list[str] | None, settings: Settings) -> Sequence[Path]:
    if given:
        return expand(given, Path())
    return settings.files(settings.rules) or expand(["prometheus/rules/*.yml"], shipped("monitoring"))


def _file(given: Path | None, setting: str | None, settings: Settings, reference: str) -> Path:
    path = given or settings.file(setting) or shipped("monitoring") / reference
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return path


def _show(checks: Sequence[Check], console: Console) -> None:
    """A table for a terminal, one plain line for each check elsewhere."""
    failing = sum(not check.ready for check in checks)
    if console.is_terminal:
        table = Table("", "what", "found", "next", box=None, pad_edge=False)
        for check in checks:
            state = Text(check.state, style=_STYLES[check.state])
            table.add_row(state, Text(check.name), Text(check.found, overflow="fold"), Text(check.next))
        console.print(table)
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            words = f"{check.state:<7}  {check.name:<{width}}  {check.found}" + (
                f"; {check.next}" if check.next else ""
            )
            console.out(words, highlight=False)
    console.out(f"{failing} of {len(checks)} checks need you" if failing else "everything is here", highlight=False)
