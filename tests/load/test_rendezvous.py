"""Workers on other machines get the run once all of them are there, and are told when they cannot take part."""

from __future__ import annotations

import socket
import threading

import pytest

from simulator.clock import WallClock
from simulator.errors import InputError
from simulator.load.rendezvous import Invitation, Rendezvous, join

CLOCK = WallClock()


class Ahead(WallClock):
    """A clock that is five seconds ahead."""

    def now_ms(self) -> int:
        return super().now_ms() + 5_000


def test_two_machines_get_the_same_run_once_both_are_there() -> None:
    found: list[Invitation] = []
    with Rendezvous("127.0.0.1", 0, CLOCK) as master:
        workers = [
            threading.Thread(target=lambda n=n: found.append(join("127.0.0.1", master.port, n, 120, CLOCK)))
            for n in (1, 2)
        ]
        for worker in workers:
            worker.start()
        master.wait_for(3, 120)
        assert found == []
        master.invite('{"run_id":"r"}', ("http://127.0.0.1:1",), ("http",))
        for worker in workers:
            worker.join(120)
    assert [(one.manifest, one.hosts, one.scenarios) for one in found] == [
        ('{"run_id":"r"}', ("http://127.0.0.1:1",), ("http",))
    ] * 2


def test_who_does_not_come_or_answer_or_has_another_time_is_told() -> None:
    with Rendezvous("127.0.0.1", 0, CLOCK) as master:
        with pytest.raises(InputError, match="--expect-workers 2: 0 came"):
            master.wait_for(2, 0)
        with pytest.raises(InputError, match="has not begun a run"):
            join("127.0.0.1", master.port, 1, 1, CLOCK)
        master.invite("{}", (), ())
        with pytest.raises(InputError, match=r"ms ahead of the master's .* NTP"):
            join("127.0.0.1", master.port, 1, 120, Ahead())
        with pytest.raises(InputError, match="--master-bind"):
            Rendezvous("127.0.0.1", master.port, CLOCK)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(InputError, match="does not answer"):
            join("127.0.0.1", probe.getsockname()[1], 1, 1, CLOCK)
