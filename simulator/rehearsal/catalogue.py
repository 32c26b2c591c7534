"""What the judge asks of the catalogue: could this selector match anything, and whom does this job stand for?"""

from __future__ import annotations

import re2

from simulator.telemetry.rules import Matcher, Selector

_STATUS = tuple(str(code) for code in (200, 201, 202, 204, 400, 401, 403, 404, 409, 413, 422, 423, 429, 500, 501, 503))
_VALUES = {"code": _STATUS}
_FAMILIES = frozenset({"http_requests_total", "http_request_duration_seconds_bucket"})
_SERVICES = {"cryb-api": "api", "node-exporter": "node", "postgresql": "postgres", "redis": "redis"}


def declares(selector: Selector) -> bool:
    """Whether the platform could export a series that this selector matches."""
    if selector.metric not in _FAMILIES:
        return False
    return all(_accepts(matcher, _VALUES.get(matcher.label, ("cryb-api",))) for matcher in selector.matchers)


def service_of(job: str) -> str:
    """The service of the platform behind a job of the catalogue; empty where there is none."""
    return _SERVICES.get(job, "")


def _accepts(matcher: Matcher, values: tuple[str, ...]) -> bool:
    match matcher.op:
        case "=":
            return matcher.value in values
        case "!=":
            return any(value != matcher.value for value in values)
        case "=~":
            return any(re2.fullmatch(matcher.value, value) for value in values)
        case _:
            return any(not re2.fullmatch(matcher.value, value) for value in values)
