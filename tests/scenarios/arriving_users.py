"""Users of the open model for plain Locust, as told by the environment."""

from __future__ import annotations

import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "scenarios"))
from _arrivals import ArrivalUser
from _fast_http import FastUser
from locust import events, task

_numbers = itertools.count()
_answered: dict[int, float] = {}


class Visitor(ArrivalUser, FastUser):
    host = os.environ["TARGET"]
    arrivals_per_second = float(os.environ["RATE"])
    max_in_flight = int(os.environ["MOST"])

    @task
    def look(self) -> None:
        number = next(_numbers)
        self.client.get(f"/{number}", name="look", context={"number": number})


@events.request.add_listener
def count(response_time: float, context: dict[str, Any], exception: Exception | None, **_: object) -> None:
    assert exception is None
    _answered[context["number"]] = response_time


@events.quit.add_listener
def tell(**_: object) -> None:
    Path(os.environ["TOLD"]).write_text(json.dumps(_answered))
