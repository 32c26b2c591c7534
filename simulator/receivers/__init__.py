"""Stand-ins for the services that Alertmanager notifies, and what its log says about notifications that failed."""

from simulator.receivers.failures import notification_failures
from simulator.receivers.listener import Receivers

__all__ = ["Receivers", "notification_failures"]
