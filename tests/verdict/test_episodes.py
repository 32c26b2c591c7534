"""Changes of state put together into episodes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from simulator.telemetry.observations import AlertObserved, AlertState
from simulator.verdict.episodes import episodes_of

PENDING, FIRING, INACTIVE = AlertState.PENDING, AlertState.FIRING, AlertState.INACTIVE


def changes(*states: tuple[AlertState, int], seen_ms: int = 0) -> list[AlertObserved]:
    return [AlertObserved(seen_ms or since, "A", (), state, since) for state, since in states]


def spans(*states: tuple[AlertState, int], for_ms: int = 60) -> list[tuple[int, int | None, int | None]]:
    return [(e.pending_ms, e.firing_ms, e.resolved_ms) for e in episodes_of(changes(*states), {"A": for_ms})]


def test_pending_firing_inactive() -> None:
    assert spans((PENDING, 10), (FIRING, 70), (INACTIVE, 90)) == [(10, 70, 90)]


def test_pending_and_no_more() -> None:
    assert spans((PENDING, 10), (INACTIVE, 20), (PENDING, 30)) == [(10, None, 20), (30, None, None)]


def test_first_seen_firing_it_was_pending_for_at_least_its_for() -> None:
    assert spans((FIRING, 70)) == [(10, 70, None)]


def test_a_missed_inactivity_ends_the_episode_where_the_next_begins() -> None:
    assert spans((PENDING, 10), (FIRING, 70), (PENDING, 100), (FIRING, 160)) == [(10, 70, 100), (100, 160, None)]


def test_a_firing_learnt_of_afterwards_falls_into_its_episode() -> None:
    """Shorter than the time between polls: only `ALERTS` knew of it, and was asked at the end."""
    late = [*changes((PENDING, 10), (INACTIVE, 90)), *changes((FIRING, 70), seen_ms=500)]
    assert [(e.pending_ms, e.firing_ms, e.resolved_ms) for e in episodes_of(late, {})] == [(10, 70, 90)]


def test_instances_are_kept_apart() -> None:
    labelled = AlertObserved(15, "A", (("zone", "b"),), FIRING, 15)
    assert len(episodes_of([*changes((FIRING, 10)), labelled], {})) == 2


@given(
    st.lists(
        st.tuples(st.sampled_from(AlertState), st.integers(0, 1000)), max_size=12, unique_by=lambda change: change[1]
    )
)
def test_episodes_never_overlap_and_every_firing_is_in_one(states: list[tuple[AlertState, int]]) -> None:
    found = episodes_of(changes(*states), {})
    for before, after in pairwise(found):
        assert before.resolved_ms is not None
        assert before.resolved_ms <= after.pending_ms
    for state, since in states:
        if state is FIRING:
            assert any(
                episode.firing_ms is not None
                and episode.firing_ms <= since
                and (episode.resolved_ms is None or since < episode.resolved_ms)
                for episode in found
            )
