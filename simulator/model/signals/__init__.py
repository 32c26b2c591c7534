"""The signals of the model, area by area. Importing this package registers all of them."""

from simulator.model.signals import api, business, cache, database, host, instances, logs, traffic

__all__ = ["api", "business", "cache", "database", "host", "instances", "logs", "traffic"]
