"""What lies in a folder: rule files, routes, scrape jobs, locustfiles, dashboards. Told by content, not by name."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.resources import shipped
from simulator.wire.kubernetes import carried_files, is_helm_template, is_manifest

LARGEST_BYTES: Final = 4 << 20
MOST_FILES: Final = 5_000
DEEPEST: Final = 6
_SKIPPED: Final = frozenset({"node_modules", "venv", "runs", "build", "dist", "site-packages", "__pycache__"})
_OURS: Final = ("monitoring", "scenarios", "profiles", "examples", "tests", "bench")
"""Folders that a clone has files of these kinds in, none of them a team's."""

_RULES = re.compile(r"^[\"']?groups[\"']?\s*:", re.MULTILINE)
_RULE = re.compile(r"^[\s\-{]*[\"']?(?:alert|record)[\"']?\s*:", re.MULTILINE)
_LOGQL = re.compile(r"\}[^\n]*?\|(?:=|~)\s*[\"`]|\}\s*\|\s*(?:json|logfmt|regexp|pattern|unpack)\b")
_OF_GRAFANA = re.compile(r"(?:^|[\s{,\-])[\"']?(?:datasourceUid|datasource_uid|grafana_alert|contactPoints)[\"']?\s*:")
_ALERTING = re.compile(r"(?:^|[\s{,\-])[\"']?(?:groups|contactPoints)[\"']?\s*:")
_NEWER_DASHBOARD = re.compile(r"[\"']?apiVersion[\"']?\s*:\s*[\"']?dashboard\.grafana\.app/v2")
_ROUTE = re.compile(r"^route:", re.MULTILINE)
_RECEIVERS = re.compile(r"^receivers:", re.MULTILINE)
_SCRAPES = re.compile(r"^scrape_configs:", re.MULTILINE)
_LOCUST = re.compile(r"^(?:from locust\b|import locust\b)", re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """Paths as seen from the folder that was searched, sorted."""

    rules: tuple[Path, ...] = ()
    alertmanager: tuple[Path, ...] = ()
    prometheus: tuple[Path, ...] = ()
    locustfiles: tuple[Path, ...] = ()
    dashboards: tuple[Path, ...] = ()
    unrendered: tuple[Path, ...] = ()
    """Helm templates of rules, which are no YAML before they are rendered."""
    loki_rules: tuple[Path, ...] = ()
    """Rules in LogQL, which Loki's ruler evaluates."""
    grafana_rules: tuple[Path, ...] = ()
    """Alert rules, or contact points, that Grafana manages itself, as it exports or provisions them."""
    newer_dashboards: tuple[Path, ...] = ()
    """Dashboards in Grafana's schema v2."""


def discover(folder: Path) -> Found:
    """Search a folder. The files that crybsim comes with are left out: the reference ones are used without being named.

    Files that cannot be read are passed over, and so are hidden folders and whatever lies very deep.
    """
    kinds: dict[str, list[Path]] = {name: [] for name in Found.__dataclass_fields__}
    for path in _files(folder):
        for kind in _kinds_of(path):
            kinds[kind].append(path.relative_to(folder))
    return Found(**{name: tuple(sorted(paths)) for name, paths in kinds.items()})


def _files(folder: Path) -> Iterator[Path]:
    ours = {shipped("monitoring").resolve().parent / name for name in _OURS}
    seen = 0
    for here, folders, names in os.walk(folder):
        place = Path(here)
        depth = len(place.relative_to(folder).parts)
        folders[:] = [
            name
            for name in sorted(folders)
            if depth < DEEPEST and name[0] != "." and name not in _SKIPPED and (place / name).resolve() not in ours
        ]
        for name in sorted(names):
            if name.endswith((".yml", ".yaml", ".json", ".py", ".rules")):
                seen += 1
                if seen > MOST_FILES:
                    return
                yield place / name


def _kinds_of(path: Path) -> tuple[str, ...]:
    """The fields of `Found` that a file belongs to: several for a manifest that carries several files."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return ()
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ()
    if path.suffix not in (".py", ".json") and is_manifest(text):
        return _kinds_carried(text)
    kind = _kind_of(path, text)
    return (kind,) if kind else ()


def _kinds_carried(text: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(str(file.kind) for file in carried_files(text)))
    except ValueError:
        of_rules = is_helm_template(text) and "PrometheusRule" in text
        return ("unrendered",) if of_rules else ()


def _kind_of(path: Path, text: str) -> str:
    """The field of `Found` that a plain file belongs to, or an empty string."""
    if path.suffix == ".py":
        return "locustfiles" if _LOCUST.search(text) else ""
    if _NEWER_DASHBOARD.search(text):
        return "newer_dashboards"
    if path.suffix == ".json" and _is_dashboard(text):
        return "dashboards"
    if _OF_GRAFANA.search(text) and _ALERTING.search(text):
        return "grafana_rules"
    if path.suffix == ".json":
        return ""
    if _RULES.search(text) and _RULE.search(text):
        return "loki_rules" if _LOGQL.search(text) else "rules"
    if _ROUTE.search(text) and _RECEIVERS.search(text):
        return "alertmanager"
    return "prometheus" if _SCRAPES.search(text) else ""


def _is_dashboard(text: str) -> bool:
    if '"panels"' not in text:
        return False
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    inner = content.get("dashboard", content) if isinstance(content, dict) else None
    if not isinstance(inner, dict):
        return False
    return any(isinstance(inner.get(key), list) for key in ("panels", "rows"))  # rows: before schema version 16


def as_patterns(paths: tuple[Path, ...], folder: Path) -> tuple[str, ...]:
    """Paths as they are written into crybsim.yaml: `rules/*.yml` where that means exactly the files found there."""
    patterns: dict[str, None] = {}
    for path in paths:
        pattern = path.parent / f"*{path.suffix}"
        matched = {match.relative_to(folder) for match in folder.glob(str(pattern))}
        together = len(matched) > 1 and matched <= set(paths)
        patterns[str(pattern if together else path)] = None
    return tuple(patterns)
