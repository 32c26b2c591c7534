"""Infrastructure overview: what is up, hosts, containers, databases and caches, queues, the edge, the watchers."""

from dashboards.infrastructure.board import board

__all__ = ["board"]
