"""What every report to Sentry carries, whoever sends it: the platform's tags, rates and words (contract, section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.telemetry.errors import Origin
from simulator.telemetry.samples import Labels, labels_of

TRACES_RATE: Final = 0.1
"""Transactions sent, as a share of requests, in production; everything elsewhere. Errors are always sent."""
PRODUCTION: Final = "production"
PUBLIC_URL: Final = "https://api.cryb.ai"

REGISTERED: Final = ("New user registration", "info", "user_registration")
REFUSED: Final = ("Authentication failure", "warning", "auth_failure")
"""Messages: their text, level, and the tag `event_type`."""

_SERVICE: Final = {"service": "cryb-api", "component": "api-server", "team": "platform-engineering"}
_SPAN_STATUS: Final = {
    "400": "invalid_argument",
    "401": "unauthenticated",
    "403": "permission_denied",
    "404": "not_found",
    "409": "already_exists",
    "422": "invalid_argument",
    "423": "failed_precondition",
    "429": "resource_exhausted",
    "500": "internal_error",
    "503": "unavailable",
}
"""HTTP status to span status (https://develop.sentry.dev/sdk/data-model/event-payloads/span/)."""


def span_status(code: str) -> str:
    """The word for an HTTP status."""
    return _SPAN_STATUS.get(code, "ok" if code < "400" else "unknown_error")


def tags_of(origin: Origin, more: Mapping[str, str]) -> Labels:
    """A report's tags: those of every report, and its own."""
    version = origin.release.rpartition("@")[2]
    return labels_of({**_SERVICE, "version": version, "environment": origin.environment, **more})


def request_tags(route: str, method: str, code: str) -> dict[str, str]:
    """The tags of what is about one request."""
    return {"endpoint": route, "method": method, "status_code": code}
