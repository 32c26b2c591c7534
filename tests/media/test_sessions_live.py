"""Sessions between a real generator and a real relay, over real sockets. Nothing here goes by how fast a machine is."""

from __future__ import annotations

import pytest

from simulator.media.messages import Impair, Impairment, Leave, Mute, Refused, Talk
from tests.media.conftest import Media


def test_one_talks_four_hear_it_and_what_the_relay_lost_is_what_they_miss(media: Media) -> None:
    before = media.counts()
    media.relay.send(Impair(room="five", impairment=Impairment(loss=0.2, burst=2, reorder=0.05, duplicate=0.05)))
    listeners = [f"ear-{number}" for number in range(4)]
    for name in listeners:
        media.join(name, "five", talk=Talk.LISTENS)
    media.join("mouth", "five", seconds=4, talk=Talk.ALWAYS)
    (mouth,) = media.final("mouth")
    for name in listeners:
        media.generator.send(Leave(session=name))
    reports = media.final(*listeners)
    counts = media.counts()

    assert mouth.packets_sent > 100
    assert (mouth.packets_expected, mouth.mos, mouth.talkers) == (0, None, 0)
    assert media.left["mouth"].packets_in == mouth.packets_sent
    for report in reports:
        left = media.left[report.session]
        assert report.connected
        assert report.talkers == 1
        assert report.packets_expected == mouth.packets_sent
        assert report.packets_lost == left.packets_lost > 0
        assert report.packets_duplicate == left.packets_duplicated
        assert report.packets_received + report.packets_duplicate == left.packets_out
        assert report.packets_reordered > 0
        assert report.packets_received + report.packets_lost == report.packets_expected
        assert report.round_trip_ms is not None
        assert report.mos is not None
        assert 1 <= report.mos <= 4.5
        assert report.burst_ratio is not None
        assert report.jitter_ms is not None
    assert counts.packets_unsent == counts.packets_overflowed == 0
    assert counts.strangers == before.strangers
    media.relay.send(Impair(room="five"))


def test_windows_add_up_to_the_whole(media: Media) -> None:
    media.join("a", "two", seconds=3.5, talk=Talk.ALWAYS)
    media.join("b", "two", seconds=3.5, talk=Talk.ALWAYS)
    a, _ = media.final("a", "b")
    windows = [report for report in media.reports["a"] if not report.final]
    assert windows
    assert sum(window.packets_sent for window in windows) <= a.packets_sent
    assert sum(window.packets_expected for window in windows) <= a.packets_expected
    assert all(window.seconds > 0 for window in windows)
    assert {"a", "b"} <= media.connected


def test_delay_is_found_as_round_trip_and_costs_opinion(media: Media) -> None:
    """At least: a machine that is slow adds to it."""
    media.relay.send(Impair(room="far", impairment=Impairment(delay_ms=300)))
    media.join("near", "far", seconds=5, talk=Talk.ALWAYS)
    media.join("there", "far", seconds=5, talk=Talk.LISTENS)
    near, there = media.final("near", "there")
    for report in (near, there):
        assert report.round_trip_ms is not None
        assert report.round_trip_ms >= 598
    assert there.delay_ms is not None
    assert there.delay_ms >= 299 + 26.5
    assert there.r is not None
    assert there.r < 80
    media.relay.send(Impair(room="far"))


def test_who_is_muted_is_not_heard_and_goes_on_hearing(media: Media) -> None:
    media.join("muted", "quiet", talk=Talk.ALWAYS)
    media.join("loud", "quiet", talk=Talk.ALWAYS)
    media.until_report("loud")
    media.generator.send(Mute(session="muted"))
    media.until_report("muted")
    media.until_report("muted")
    before = media.until_report("muted")  # a whole window after muting
    assert before.packets_sent == 0
    assert before.packets_expected > 0
    media.generator.send(Mute(session="muted", muted=False))
    media.until_report("muted")
    assert media.until_report("muted").packets_sent > 0
    media.generator.send(Leave(session="muted"), Leave(session="loud"))
    media.final("muted", "loud")


def test_rooms_do_not_hear_one_another_and_strangers_nothing(media: Media) -> None:
    before = media.counts()
    media.join("here", "one", seconds=2, talk=Talk.ALWAYS)
    media.join("elsewhere", "another", seconds=2, talk=Talk.ALWAYS)
    media.join("nobody", "one", seconds=2, talk=Talk.ALWAYS, admit=False)
    here, elsewhere, nobody = media.final("here", "elsewhere", "nobody")
    assert here.packets_expected == elsewhere.packets_expected == nobody.packets_expected == 0
    assert not nobody.connected
    assert nobody.packets_sent == 0
    after = media.counts()
    assert after.packets_out == before.packets_out
    assert after.strangers > before.strangers


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense\n", "JSON"),
        (b'{"do": "jump"}\n', "do"),
        (b'{"do": "leave", "session": "nobody-at-all"}\n', "no such session"),
        (b'{"do": "join", "session": "x", "relay": "here", "room": "r", "ssrc": 1}\n', "relay"),
        (b'{"do": "join", "session": "x", "relay": "1.2.3.999:1", "room": "r", "ssrc": 1}\n', "1.2.3.999"),
    ],
)
def test_what_makes_no_sense_is_refused_and_says_why(media: Media, line: bytes, why: str) -> None:
    class Raw:
        def line(self) -> bytes:
            return line

    media.generator.send(Raw())  # type: ignore[arg-type]
    event = next(media.generator.events())
    while not isinstance(event, Refused):
        event = next(media.generator.events())
    assert why in event.reason
