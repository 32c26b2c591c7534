"""Each journey once, every step of it, without a rate: `crybsim load PROFILE --smoke` runs this file as a program.

It writes one JSON line for each request and one for each journey's end (`simulator.wire.smoke_report`) to the run's
report file.
"""

from __future__ import annotations

import time
from typing import Any

import locust  # noqa: F401 - first of all: it patches sockets
from _api import TARGET
from _run import RUN
from http_users import WEIGHTS, HttpMember
from locust.env import Environment
from locust.exception import StopUser

from simulator.wire.load_report import Outcome
from simulator.wire.smoke_report import JourneyEnded, Record, RequestSeen, encode_record

JOURNEYS = {
    "lurker": HttpMember.lurk,
    "poster": HttpMember.write,
    "searcher": HttpMember.search,
    "uploader": HttpMember.upload,
    "moderator": HttpMember.moderate,
    "newcomer": HttpMember.arrive,
    "buyer": HttpMember.buy,
}


class Thorough(HttpMember):
    """Takes every step, at once."""

    abstract = True
    thorough = True

    def turn(self) -> None:
        """At once."""

    def late_seconds(self) -> float:
        """Never."""
        return 0.0

    def call(self, method: str, route: str, **more: Any) -> Any:
        if TARGET.path(route) is None:
            write(RequestSeen(journey=journey, route=f"{method} {route}", outcome=None, status=0, milliseconds=0.0))
        return super().call(method, route, **more)


journey = ""


def write(record: Record) -> None:
    """One line, at once: whoever reads may show it."""
    assert RUN is not None, "crybsim starts this"
    with RUN.report.open("ab", buffering=0) as file:
        file.write(encode_record(record) + b"\n")


def on_request(
    request_type: str, name: str, response_time: float, exception: Exception | None, context: Any, **more: Any
) -> None:
    """Tell one request."""
    outcome = Outcome(context.get("outcome", Outcome.FAILED if exception else Outcome.OK))
    write(
        RequestSeen(
            journey=journey,
            route=str(context.get("route", f"{request_type} {name}")),
            outcome=outcome,
            status=getattr(more.get("response"), "status_code", 0) or 0,
            milliseconds=round(response_time, 1),
            problem=str(exception) if exception is not None and outcome is Outcome.FAILED else "",
        )
    )


def main() -> None:
    """Run the journeys that have a weight, one after the other, by one user each."""
    global journey
    environment = Environment(user_classes=[Thorough])
    environment.events.request.add_listener(on_request)
    weights = WEIGHTS.model_dump()
    for journey, steps in JOURNEYS.items():
        if not weights[journey]:
            continue
        user = Thorough(environment)
        began, broken = time.perf_counter(), ""
        try:
            steps(user)
        except StopUser:
            broken = "the user was stopped"
        except Exception as error:  # whatever the API answered, the next journey is tried
            broken = f"{type(error).__name__}: {error}"
        user.on_stop()
        seconds = round(time.perf_counter() - began, 3)
        write(JourneyEnded(journey=journey, seconds=seconds, ended_early=user.ended_early, broken=broken))


if __name__ == "__main__":
    main()
