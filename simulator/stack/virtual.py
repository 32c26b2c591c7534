"""A Prometheus for virtual time: it answers queries about any instant, and lets results be written back.

It loads no rules and scrapes nothing: what its rule manager would do is done from outside, at simulated instants.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from simulator.stack.local import LocalStack
from simulator.transport import http_client

HEAD_HOURS: Final = 2000
"""Length of the head block: half of it before the newest sample stays appendable, in any order of series."""

_FLAGS: Final = (
    "--web.enable-remote-write-receiver",
    f"--storage.tsdb.min-block-duration={HEAD_HOURS}h",  # hidden flags; two hours by default
    f"--storage.tsdb.max-block-duration={HEAD_HOURS}h",
    "--query.timeout=30m",  # one query covers hundreds of evaluations
    "--query.max-samples=1000000000",
)


def start_virtual_prometheus(
    stack: LocalStack, config: str, *, data: Path | None = None, lookback: str | None = None
) -> str:
    """Start Prometheus on a configuration without rules, scrape jobs and alerting. Returns its URL.

    `data` holds the history's blocks; samples can be written only after the end of the newest of them.
    The configuration's `evaluation_interval` has to be the team's: it is the step of a subquery that names none.
    `lookback` is production's `--query.lookback-delta`. Raises as `LocalStack.start_prometheus` does.
    """
    flags = (*_FLAGS, f"--query.lookback-delta={lookback}") if lookback else _FLAGS
    return stack.start_prometheus(lambda _: config, flags=flags, data=data)


def rule_groups_as_loaded(config: str, *, prometheus: Path) -> list[dict[str, Any]]:
    """The rule groups of a configuration as this Prometheus understands them: `data.groups` of its rules API.

    A server of its own, on empty storage, is asked and stopped; the configuration should name no Alertmanager.
    Raises as `LocalStack.start_prometheus` does: InputError for rule files that the server refuses.
    """
    with (
        tempfile.TemporaryDirectory(prefix="crybsim-rules-") as folder,
        LocalStack(Path(folder), prometheus=prometheus, alertmanager=prometheus) as stack,
    ):
        url = stack.start_prometheus(lambda _: config)
        with http_client(url) as client:
            answer = client.get("/api/v1/rules").raise_for_status().json()
    return list(answer["data"]["groups"])
