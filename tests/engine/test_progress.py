"""How far an evaluation is: it never goes back, whichever thread tells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.progress import Progress


@given(sizes=st.lists(st.integers(1, 9), max_size=9), data=st.data())
def test_it_only_rises_and_ends_with_everything(sizes: list[int], data: st.DataObject) -> None:
    told: list[tuple[int, int]] = []
    progress = Progress(sizes, lambda done, total: told.append((done, total)))
    for step in data.draw(st.permutations(range(len(sizes)))):
        for share in sorted(data.draw(st.lists(st.floats(0, 0.99), max_size=3))):
            progress.reached(step, share)
        progress.reached(step)
    done = [so_far for so_far, _ in told]
    assert done == sorted(set(done))
    assert told[-1:] == ([(sum(sizes), sum(sizes))] if sizes else [])
