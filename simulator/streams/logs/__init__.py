"""Log lines as a view of the model: the events that counters count, in the words of each service."""

from simulator.streams.logs.model_logs import ModelLogs

__all__ = ["ModelLogs"]
