"""Who watches: the APIs of Prometheus and Alertmanager, read into observations."""
