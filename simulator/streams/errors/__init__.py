"""What the platform reports to Sentry, as a view of the model: the events that counters count and log lines tell of."""

from simulator.streams.errors.model_errors import ModelErrors

__all__ = ["ModelErrors"]
