"""Flags that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from simulator.errors import InputError
from simulator.streams.shards import Shard
from simulator.telemetry.samples import Labels, labels_of
from simulator.units import parse_duration

Value = TypeVar("Value")
_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)

ProfileArgument = Annotated[
    str, typer.Argument(metavar="PROFILE", help="A profile: a path, or the name of a shipped or local one.")
]
RulesOption = Annotated[
    list[str] | None,
    typer.Option("--rules", metavar="GLOB", help="Rule files of Prometheus; may be given several times."),
]
PrometheusConfigOption = Annotated[
    Path | None, typer.Option("--prometheus-config", metavar="FILE", help="Your prometheus.yml.")
]
AlertmanagerConfigOption = Annotated[
    Path | None, typer.Option("--alertmanager-config", metavar="FILE", help="Your alertmanager.yml.")
]
DashboardsOption = Annotated[
    list[str] | None,
    typer.Option("--dashboards", metavar="GLOB", help="Grafana dashboards (JSON); may be given several times."),
]
OverlayOption = Annotated[
    list[str] | None, typer.Option("--overlay", metavar="FILE", help="Catalogue overlay; may be given several times.")
]
PrometheusUrlOption = Annotated[
    str | None, typer.Option("--prometheus-url", metavar="URL", help="Use this Prometheus instead of a local one.")
]
AlertmanagerUrlOption = Annotated[
    str | None, typer.Option("--alertmanager-url", metavar="URL", help="Use this Alertmanager instead of a local one.")
]
PrometheusBinOption = Annotated[
    Path | None, typer.Option("--prometheus-bin", metavar="FILE", help="The prometheus program to run.")
]
AlertmanagerBinOption = Annotated[
    Path | None, typer.Option("--alertmanager-bin", metavar="FILE", help="The alertmanager program to run.")
]
ProductionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--production",
        metavar="KEY=VALUE",
        help="What runs in production, as crybsim.yaml's `production` says it: prometheus=3.5, alertmanager=0.28, "
        "rules_path=/etc/prometheus/rules, prometheus_url=…, alertmanager_url=…; may be given several times.",
    ),
]
ManifestOption = Annotated[
    Path | None,
    typer.Option("--manifest", metavar="FILE", help="The run's manifest; without it one is made, from now."),
]
PortOption = Annotated[
    int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port to listen on; 0: a free one.")
]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="RUN", help="The run folder; default: one in runs/.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine output on stdout, everything for people on stderr.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print results only.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
ShardOption = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Only the I-th of N parts of the series; together they are the whole."),
]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=VALUE", help="A label on every series; may be given several times."),
]
SeedOption = Annotated[int | None, typer.Option("--seed", metavar="N", help="Instead of the profile's seed.")]


def chosen_shard(flag: str | None) -> Shard | None:
    """The part of the series that --shard asks for. Raises InputError."""
    try:
        return None if flag is None else Shard.parse(flag)
    except ValueError as error:
        raise InputError(f"--shard: {error}") from error


def chosen_labels(given: list[str] | None) -> Labels:
    """The labels that --label asks for; those without a value are none. Raises InputError."""
    found: dict[str, str] = {}
    problems = []
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            problems.append(f"--label: {text!r} is not NAME=VALUE, such as simulation=demo")
        elif name in ("job", "instance") or name in found:
            problems.append(f"--label: {name!r} is there already")
        found[name] = value
    if problems:
        raise InputError(*problems)
    return labels_of({name: value for name, value in found.items() if value})


def chosen_span(flag: str, text: str | None) -> int | None:
    """Milliseconds of a flag's duration. Raises InputError."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise InputError(f"{flag}: {error}") from error


def flag_or_setting(flag: Value | None, setting: Value) -> Value:
    """A flag beats crybsim.yaml; a flag that was not given, or given no value, leaves the setting."""
    return setting if flag is None or flag == [] else flag
