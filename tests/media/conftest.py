"""A relay and a generator, as processes, and what becomes of sessions between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from simulator.media.messages import Admit, Connected, Count, Counts, Join, Left, Refused, Report, Talk
from simulator.media.processes import Generator, Relay

_SSRCS = count(1000)


@dataclass
class Media:
    """Both processes, and what they have said."""

    relay: Relay
    generator: Generator
    reports: dict[str, list[Report]] = field(default_factory=dict)
    connected: set[str] = field(default_factory=set)
    left: dict[str, Left] = field(default_factory=dict)

    def join(
        self, session: str, room: str, *, seconds: float | None = None, talk: Talk = Talk.SPURTS, admit: bool = True
    ) -> None:
        ssrc = next(_SSRCS)
        if admit:
            self.relay.send(Admit(session=session, room=room, ssrc=ssrc))
        self.generator.send(
            Join(session=session, relay=self.relay.address, room=room, ssrc=ssrc, seconds=seconds, talk=talk)
        )

    def final(self, *sessions: str) -> list[Report]:
        """Their final reports, once all are there."""
        events = self.generator.events()
        while not all(self.reports.get(name, []) and self.reports[name][-1].final for name in sessions):
            match next(events):
                case Report() as report:
                    self.reports.setdefault(report.session, []).append(report)
                case Connected() as connected:
                    self.connected.add(connected.session)
                case Refused() as refused:
                    pytest.fail(f"refused: {refused}")
        return [self.reports[name][-1] for name in sessions]

    def until_report(self, session: str) -> Report:
        """The next report of a session."""
        for event in self.generator.events():
            if isinstance(event, Report):
                self.reports.setdefault(event.session, []).append(event)
                if event.session == session:
                    return event
            elif isinstance(event, Connected):
                self.connected.add(event.session)
        raise AssertionError("the generator has ended")

    def counts(self) -> Counts:
        """The relay's, with all that it said before."""
        self.relay.send(Count())
        for event in self.relay.events():
            match event:
                case Counts():
                    return event
                case Left():
                    self.left[event.session] = event
                case Refused():
                    pytest.fail(f"refused: {event}")
        raise AssertionError("the relay has ended")


@pytest.fixture(scope="session")
def processes() -> Iterator[tuple[Relay, Generator]]:
    with Relay() as relay, Generator(report_seconds=1.0) as generator:
        yield relay, generator


@pytest.fixture
def media(processes: tuple[Relay, Generator]) -> Media:
    return Media(*processes)
