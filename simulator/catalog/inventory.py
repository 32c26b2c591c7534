"""Everything that the platform exposes, area by area."""

from __future__ import annotations

from simulator.catalog import (
    api_state,
    business,
    business_exporter,
    business_talk,
    cadvisor,
    content,
    custom_queries,
    database,
    edge,
    elasticsearch,
    go_runtime,
    host_details,
    http,
    livekit,
    messaging,
    minio,
    node,
    nodejs,
    notifications,
    platform_exporters,
    postgres_exporter,
    queues,
    redis,
    revenue,
    search,
    security,
    security_exporters,
    socket_exporters,
    store_details,
    tracing,
    uploads,
    voice,
    watchers,
    watchers_details,
)
from simulator.catalog.families import Family

FAMILIES: tuple[Family, ...] = (
    *http.FAMILIES,
    *database.FAMILIES,
    *business.FAMILIES,
    *business_talk.FAMILIES,
    *content.FAMILIES,
    *api_state.FAMILIES,
    *revenue.FAMILIES,
    *security.FAMILIES,
    *security_exporters.FAMILIES,
    *business_exporter.FAMILIES,
    *node.FAMILIES,
    *cadvisor.FAMILIES,
    *nodejs.FAMILIES,
    *edge.FAMILIES,
    *elasticsearch.FAMILIES,
    *minio.FAMILIES,
    *platform_exporters.FAMILIES,
    *watchers.FAMILIES,
    *postgres_exporter.FAMILIES,
    *custom_queries.FAMILIES,
    *redis.FAMILIES,
    *messaging.FAMILIES,
    *socket_exporters.FAMILIES,
    *voice.FAMILIES,
    *livekit.FAMILIES,
    *queues.FAMILIES,
    *notifications.FAMILIES,
    *uploads.FAMILIES,
    *search.FAMILIES,
    *tracing.FAMILIES,
    *go_runtime.FAMILIES,
    *host_details.FAMILIES,
    *watchers_details.FAMILIES,
    *store_details.FAMILIES,
)
"""Entries of one job and name are parts of one family: together they are what it exposes."""


def families_of(job: str) -> tuple[Family, ...]:
    """The entries of one job, sorted by name; entries of one family stay in their order."""
    return tuple(sorted((family for family in FAMILIES if family.job == job), key=lambda family: family.name))
