"""The infrastructure dashboard as a whole, and its first row: what is there, and how full it is."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard

from dashboards import frame
from dashboards.frame import Row, filled, row
from dashboards.infrastructure.edge import edge
from dashboards.infrastructure.hosts import containers, cpu, disk, hosts, memory
from dashboards.infrastructure.stores import hit_ratio, postgres, redis
from dashboards.infrastructure.watchers import watchers
from dashboards.parts import GREEN, NEARLY_FULL, RED, UP, YELLOW, Query, meanings, share, states
from dashboards.selectors import ENVIRONMENT, INSTANCE, of

_POSTGRES, _REDIS, _NGINX, _SEARCH, _PROBES = "postgresql", "redis", "nginx", "elasticsearch", "blackbox-http"
_EVERYTHING_UP: Final = f"up{{{INSTANCE}, {ENVIRONMENT}}}"
_NOT_RED: Final = 'color=~"green|yellow"'


def board() -> dashboard.Dashboard:
    """The dashboard."""
    found = (
        frame.framed(
            frame.INFRASTRUCTURE,
            "CRYB / Infrastructure overview",
            "What the platform runs on: whether it is there, how full it is, how hard it works.",
            hours=6,
        )
        .with_variable(frame.environment())
        .with_variable(
            frame.choice(
                "instance",
                "Instance",
                "Targets of any job; panels of other targets stay empty while some are chosen",
                "label_values(up, instance)",
                everything=".+",
            )
        )
    )
    return filled(found, _presence(), hosts(), containers(), postgres(), redis(), edge(), watchers())


def _presence() -> Row:
    return row(
        "What is there",
        share(
            "Targets up",
            "Share of all scrape targets that answer.",
            Query(f"avg({_EVERYTHING_UP})"),
            limits=((float("-inf"), RED), (0.9, YELLOW), (1.0, GREEN)),
        ),
        share(
            "CPU",
            "Share of all CPUs that is busy. Above 80 % HighCPU fires.",
            Query(cpu("")),
            limits=((0.8, RED),),
        ),
        share(
            "Memory",
            "Share of the memory in use. Above 85 % HighMemory fires.",
            Query(f"max({memory()})"),
            limits=((0.85, RED),),
        ),
        share(
            "Disk",
            "Share of the root file system in use. Above 90 % DiskAlmostFull fires.",
            Query(f"max({disk()})"),
            limits=NEARLY_FULL,
        ),
        share(
            "Database connections",
            "Share of the connections that PostgreSQL allows, on the fullest server. Above 90 % an alert fires.",
            Query(
                f"max(sum by (instance) ({of(_POSTGRES, 'pg_stat_activity_count')}) / on (instance) "
                f"max by (instance) ({of(_POSTGRES, 'pg_settings_max_connections')}))"
            ),
            limits=NEARLY_FULL,
        ),
        share(
            "Cache hit ratio",
            "Share of look-ups that Redis answered from its keys. Below 80 % CacheHitRatioLow fires.",
            Query(hit_ratio()),
            limits=((float("-inf"), RED), (0.8, GREEN)),
        ),
        states(
            "Targets",
            "Whether the targets of each job answer their scrapes: the worst of them.",
            Query(f"min by (job) ({_EVERYTHING_UP})", "{{job}}"),
            mappings=meanings(*UP),
        ),
        states(
            "Services",
            "What the exporters say of the services behind them, and what probes from outside find.",
            Query(of(_POSTGRES, "pg_up"), "PostgreSQL"),
            Query(of(_REDIS, "redis_up"), "Redis"),
            Query(of(_NGINX, "nginx_up"), "nginx"),
            Query(
                f"max({of(_SEARCH, 'elasticsearch_cluster_health_status', _NOT_RED)})",
                "Elasticsearch",
            ),
            Query(of(_PROBES, "probe_success"), "{{instance}}"),
            mappings=meanings(*UP),
        ),
    )
