"""Turns: each request of the plan is dealt once, at its instant, whatever users and processes do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.profile.load_plan import LoadPlan
from simulator.profile.schema import Profile
from simulator.streams.turns import Turns


def plan(peak: str = "20/s", duration: str = "10s") -> LoadPlan:
    content = {"name": "t", "description": "t", "start": "2026-01-05T20:00:00", "duration": duration}
    return LoadPlan(Profile.model_validate({**content, "traffic": {"peak": peak, "shape": "flat"}}))


def dealt(turns: Turns, at_ms: float = 0.0) -> list[float]:
    """Every turn that is left, as instants, all taken at once."""
    found = []
    while (due := turns.take(at_ms)) is not None:
        found.append(due)
    return found


@given(processes=st.integers(1, 7), peak=st.integers(1, 300))
def test_processes_share_every_request_out_exactly_once(processes: int, peak: int) -> None:
    whole = dealt(Turns(plan(f"{peak}/s")))
    shares = [dealt(Turns(plan(f"{peak}/s"), index=index, processes=processes)) for index in range(processes)]
    assert sorted(instant for share in shares for instant in share) == whole
    assert len(whole) == peak * 10


def test_a_turn_is_waited_for_and_a_little_lateness_is_made_up_for() -> None:
    turns = Turns(plan())
    assert turns.take(0) == 0.0
    assert turns.take(0) == 50.0
    assert turns.take(900) == 100.0  # nobody was free at that time, now someone is
    assert turns.missed == 0


def test_what_nobody_could_take_for_a_second_is_missed_for_good() -> None:
    turns = Turns(plan())
    turns.take(0)
    taken_late = 0
    while (due := turns.take(5_000)) is not None and due <= 5_000:
        taken_late += 1
    assert turns.missed == 79  # due from 50 ms to 3950 ms
    assert taken_late == 21  # the second from 4 s to 5 s
    assert 1 + turns.missed + taken_late == 101


def test_turns_before_the_start_wait_for_it() -> None:
    turns = Turns(plan())
    assert turns.take(-2_500) == 0.0
    assert turns.missed == 0


def test_a_new_share_deals_the_rest_and_nothing_of_the_past() -> None:
    turns = Turns(plan(), index=1, processes=2)
    turns.share(0, 1, 4_000)
    rest = dealt(turns, 4_000)
    assert rest[0] == 4_000
    assert len(rest) == 120
