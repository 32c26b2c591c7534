"""The profile's silences: in simulated time for the model, and set in a real Alertmanager on the wall's."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import httpx

from simulator.clock import rfc3339
from simulator.engine.silence import Silence
from simulator.errors import UnobservedError
from simulator.profile.schema import Profile
from simulator.telemetry.interval import Interval
from simulator.telemetry.matchers import read_matchers

_AUTHOR = "crybsim"


def silences_of(profile: Profile, started_ms: int) -> tuple[Silence, ...]:
    """The silences of a run that starts at an instant."""
    return tuple(
        Silence(
            read_matchers(silence.matchers),
            Interval(started_ms + silence.at, started_ms + silence.at + silence.for_),
            silence.comment,
        )
        for silence in profile.silences
    )


def set_silences(
    alertmanager: httpx.Client, silences: Iterable[Silence], to_wall_ms: Callable[[int], int], now_ms: int
) -> None:
    """Set them beforehand: Alertmanager begins and ends each at its instant. Those that are over are left out.

    Raises UnobservedError when Alertmanager does not take one.
    """
    for silence in silences:
        start_ms, end_ms = to_wall_ms(silence.span.start_ms), to_wall_ms(silence.span.end_ms)
        if end_ms <= now_ms:
            continue
        body = {
            "matchers": [
                {"name": m.label, "value": m.value, "isRegex": "~" in m.op, "isEqual": not m.op.startswith("!")}
                for m in silence.matchers
            ],
            "startsAt": rfc3339(start_ms),
            "endsAt": rfc3339(end_ms),
            "createdBy": _AUTHOR,
            "comment": silence.comment or _AUTHOR,
        }
        try:
            alertmanager.post("/api/v2/silences", json=body).raise_for_status()
        except httpx.HTTPError as error:
            raise UnobservedError(f"alertmanager did not take a silence: {error or type(error).__name__}") from error
