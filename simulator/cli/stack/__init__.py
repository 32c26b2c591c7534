"""The local Prometheus and Alertmanager."""
