"""In virtual time: the team's rules at the instants of its Prometheus, notifications through its Alertmanager."""
