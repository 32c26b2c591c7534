"""Who watches: the APIs of Prometheus and Alertmanager, read into observations."""

from simulator.observers.alertmanager import AlertmanagerObserver
from simulator.observers.prometheus import PrometheusApi, PrometheusObserver
from simulator.observers.selectors import SelectorObserver

__all__ = ["AlertmanagerObserver", "PrometheusApi", "PrometheusObserver", "SelectorObserver"]
