"""The real Prometheus and Alertmanager as child processes, and the copies of their configuration."""
