"""Deliveries against a naive reckoning over whole histories, and the cases that decide what is loss."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.streams.deliveries import SETTLED_US, Deliveries, Member, News
from simulator.wire.stamps import Stamp

ROOM = "channel1"
SECOND = 1_000_000


def stamp(user: int, number: int, sent_us: int) -> Stamp:
    return Stamp("run", "aa", user, number, sent_us)


def settled(here: Deliveries, at_us: int) -> News:
    here.settle(at_us)
    return here.take()


@given(st.integers(2, 6), st.integers(0, 8), st.data())
@settings(max_examples=60)
def test_every_copy_is_accounted_for(members: int, messages: int, data: st.DataObject) -> None:
    here = Deliveries()
    stays = [here.join(ROOM, ("aa", user), 0) for user in range(members)]
    copies = [
        (receiver, stamp(sender, number, 10 * number))
        for number in range(1, messages + 1)
        for sender in [data.draw(st.integers(0, members - 1))]
        for receiver in range(members)
    ]
    arriving = [copy for copy in copies for _ in range(data.draw(st.sampled_from([0, 1, 1, 1, 2])))]
    arriving = data.draw(st.permutations(arriving)) if len(arriving) < 12 else arriving
    for one, alike in groupby(arriving, key=lambda copy: copy[1]):
        together: list[Member] = []  # each member once
        for receiver, _ in alike:
            if stays[receiver] in together or (together and data.draw(st.booleans())):
                here.reached(together, one, now_us=1_000)
                together = []
            together.append(stays[receiver])
        here.reached(together, one, now_us=1_000)
    # the server took what its sender saw come back, or anybody else got
    taken = {one[1:4] for _, one in arriving}
    news = settled(here, 2 * SETTLED_US)
    to_others = [(receiver, one) for receiver, one in copies if one.user != receiver]
    came = set(arriving)
    assert news.counts.delivered == len([copy for copy in to_others if copy in came])
    assert news.counts.lost == len([copy for copy in to_others if copy not in came and copy[1][1:4] in taken])
    assert news.counts.duplicates == len(arriving) - len(came)
    assert sorted(news.latencies_us) == sorted(1_000 - one.sent_us for receiver, one in came if one.user != receiver)
    assert news.counts.undecided == news.counts.late == 0
    assert sum(room.lost for room in news.counts.rooms.values()) == news.counts.lost
    expected_reordered = 0
    for receiver in range(members):
        highest: dict[int, int] = {}
        seen = set()
        for to, one in arriving:
            if to == receiver and one not in seen:
                seen.add(one)
                expected_reordered += one.number < highest.get(one.user, 0)
                highest[one.user] = max(one.number, highest.get(one.user, 0))
    assert news.counts.reordered == expected_reordered


def test_loss_is_decided_only_when_a_message_is_old_enough() -> None:
    here = Deliveries()
    sender, other = here.join(ROOM, ("aa", 1), 0), here.join(ROOM, ("aa", 2), 0)
    assert here.received(sender, stamp(1, 1, 5), now_us=6)
    assert here.waits(other)
    assert not here.waits(sender)
    assert settled(here, SETTLED_US).counts.lost == 0
    news = settled(here, SETTLED_US + 5)
    assert (news.counts.lost, news.counts.rooms[ROOM].lost) == (1, 1)
    assert not here.waits(other)
    # what comes after that was lost in time, and stays lost
    here.received(other, stamp(1, 1, 5), now_us=SETTLED_US + 6)
    assert (here.take().counts.late, settled(here, 3 * SETTLED_US).counts.lost) == (1, 0)


def test_who_came_after_a_message_or_left_before_it_was_decided_has_not_lost_it() -> None:
    here = Deliveries()
    sender, leaver = here.join(ROOM, ("aa", 1), 0), here.join(ROOM, ("aa", 2), 0)
    here.received(sender, stamp(1, 1, 5), now_us=6)
    late_comer = here.join(ROOM, ("aa", 3), 7)
    here.leave(leaver, 8)
    here.leave(leaver, 9)
    news = settled(here, 2 * SETTLED_US)
    assert (news.counts.lost, news.counts.undecided) == (0, 1)
    # a message that is sent while nobody else is there concerns nobody
    here.leave(late_comer, 2 * SETTLED_US)
    here.received(sender, stamp(1, 2, 2 * SETTLED_US + 1), now_us=2 * SETTLED_US + 2)
    news = settled(here, 4 * SETTLED_US)
    assert (news.counts.lost, news.counts.undecided, news.counts.delivered) == (0, 0, 0)


def test_who_has_asked_to_be_let_in_may_get_messages_and_loses_none() -> None:
    here = Deliveries()
    asking = here.join(ROOM, ("aa", 1), 0, asked=True)
    here.accepted(ROOM, ("bb", 1), 1, 10)
    here.received(asking, Stamp("run", "bb", 1, 2, 20), now_us=30)
    here.let_in(asking, 40)
    here.accepted(ROOM, ("bb", 1), 3, 50)
    news = settled(here, 2 * SETTLED_US)
    assert (news.counts.delivered, news.counts.lost, news.latencies_us) == (1, 1, [10])


def test_a_message_that_no_one_here_got_counts_once_the_server_took_it() -> None:
    elsewhere, here = Deliveries(), Deliveries()
    sender, receiver = elsewhere.join(ROOM, ("bb", 1), 0), here.join(ROOM, ("aa", 1), 0)
    elsewhere.received(sender, Stamp("run", "bb", 1, 1, 5), now_us=6)
    for room, process, user, number, sent_us in elsewhere.take().accepted:
        here.accepted(room, (process, user), number, sent_us)
        here.accepted("a room that nobody here is in", (process, user), number, sent_us)
    assert here.waits(receiver)
    assert settled(here, SETTLED_US + 5).counts.lost == 1


def test_clocks_that_may_differ_leave_room_for_doubt() -> None:
    here = Deliveries()
    here.guard_us = 100
    receiver = here.join(ROOM, ("aa", 1), 0)
    here.accepted(ROOM, ("bb", 1), 1, 99)
    here.accepted(ROOM, ("bb", 1), 2, 100)
    here.received(receiver, Stamp("run", "bb", 1, 3, 200), now_us=300)
    news = settled(here, 2 * SETTLED_US)
    assert (news.counts.lost, news.counts.delivered, news.latencies_us) == (1, 1, [100])


def test_one_who_reads_slowly_by_intent_is_not_timed_but_loses_nothing() -> None:
    here = Deliveries()
    slow = here.join(ROOM, ("aa", 1), 0, timed=False)
    here.received(slow, stamp(2, 1, 5), now_us=9 * SECOND)
    news = settled(here, 2 * SETTLED_US)
    assert (news.counts.delivered, news.counts.untimed, news.counts.lost, news.latencies_us) == (1, 1, 0, [])


@pytest.mark.parametrize("stays", [1, 40])
def test_nothing_is_kept_for_ever(stays: int) -> None:
    here = Deliveries()
    for number in range(1, stays + 1):
        at = number * 200 * SECOND
        sender, other = here.join(ROOM, ("aa", 1), at), here.join(ROOM, ("aa", 2), at)
        here.received(sender, stamp(1, number, at), now_us=at + 1)
        here.received(other, stamp(1, number, at), now_us=at + 1)
        assert max(sender.bit, other.bit) <= 2  # not another bit for every stay
        here.leave(sender, at + 2)
        here.leave(other, at + 2)
        here.settle(at + 100 * SECOND)
    news = here.take()
    assert (news.counts.delivered, news.counts.lost, news.counts.undecided) == (stays, 0, 0)
    assert not here._rooms
