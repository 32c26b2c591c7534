"""Dashboards over a stack that runs: which of their panels have data, why others have none; and into a Grafana."""
