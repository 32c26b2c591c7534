"""What the platform is made of: its services, and which of them share the platform's hosts."""

from __future__ import annotations

from typing import Final

from simulator.catalog.jobs import JOBS

NODE: Final = "node"
PROBES: Final = "blackbox"
WATCHERS: Final = ("prometheus", "alertmanager", "grafana", PROBES)
"""They run on a machine of their own, so that they see the platform's hosts go."""

SERVICES: Final[tuple[str, ...]] = tuple(dict.fromkeys((*(job.service for job in JOBS), "web")))
"""Every service that something can scrape or break."""

CONTAINERS: Final[tuple[str, ...]] = tuple(name for name in SERVICES if name not in (NODE, *WATCHERS))
"""Services that run as containers on the platform's hosts; instance k on host k, starting over when hosts run out."""
