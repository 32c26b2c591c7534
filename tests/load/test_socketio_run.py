"""A run's messages against a real Socket.IO server: what the run tells is what the server did, to the last copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load.chat_server import chatting
from tests.load.test_locust_run import driven_for, driving, write_manifest

pytestmark = [pytest.mark.slow, pytest.mark.accept]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_copy_that_the_server_sent_is_in_the_runs_totals(tmp_path: Path, workers: int) -> None:
    with chatting() as chat:
        write_manifest(tmp_path, peak="40/s", max_users=24, seconds=600, scenarios=["socketio"])
        with driving(tmp_path, [chat.url], workers=workers) as run:
            driven_for(run, seconds=15)
            ended = run.finish()
    assert ended.problem == ""
    names = {totals.name: totals for totals in ended.totals}
    sent = names["SIO emit message:create"]
    assert sent.requests == names["SIO echo"].requests == chat.events["message:create"] > 0
    assert sent.failures == names["SIO deliver"].failures == 0
    told = ended.deliveries
    assert told is not None
    assert (told.lost, told.duplicates, told.reordered, told.late) == (0, 0, 0, 0)
    # what was on its way to somebody who dropped out is undecided, or went nowhere; everything else came
    assert told.delivered <= chat.copies <= told.delivered + told.undecided + 24
    assert names["SIO deliver"].requests == told.delivered - told.untimed
    assert told.clock_error_seconds == 0  # one machine, one clock
