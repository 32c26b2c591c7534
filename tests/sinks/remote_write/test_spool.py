"""The spool against a list: whatever is appended, taken, cut off or reopened, nothing is lost, doubled or reordered."""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.sinks.remote_write.courier import Parcel
from simulator.sinks.remote_write.folder import held, state_folder
from simulator.sinks.remote_write.spool import NEVER_MS, Spool

ROOMY = 10**9
BODIES = st.lists(st.one_of(st.binary(max_size=300), st.binary(max_size=40_000)), min_size=1, max_size=4)
STEPS = st.lists(
    st.one_of(
        BODIES.map(lambda bodies: ("append", bodies)),
        st.integers(1, 6).map(lambda count: ("take", count)),
        st.just(("reopen", None)),
        st.integers(1, 50).map(lambda left: ("torn", left)),
    ),
    max_size=25,
)


def entry(at_ms: int, bodies: list[bytes]) -> list[Parcel]:
    return [Parcel(body, at_ms % 7 + number, number % 2) for number, body in enumerate(bodies)]


@settings(max_examples=60)
@example(steps=[("append", [b"x" * 300]), ("take", 1), ("append", [b"y" * 300])], limit=4_000)
@given(steps=STEPS, limit=st.sampled_from([4_000, 50_000, ROOMY]))
def test_it_is_a_queue_that_survives_everything(steps: list[tuple[str, object]], limit: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spool = Spool(folder, limit)
        waiting: list[tuple[int, Parcel]] = []
        at_ms, newest_ms = 1000, NEVER_MS
        for what, argument in steps:
            if what == "append":
                at_ms += 1
                parcels = entry(at_ms, argument)  # type: ignore[arg-type]
                before = spool.size_bytes
                if spool.append(at_ms, parcels):
                    size = sum(len(parcel.body) for parcel in parcels)
                    assert before + size + 1000 > limit
                    assert spool.size_bytes == before
                else:
                    waiting += [(at_ms, parcel) for parcel in parcels]
                    newest_ms = at_ms
            elif what == "take":
                for _ in range(argument):  # type: ignore[call-overload]
                    first = spool.first()
                    assert (None if first is None else (first.at_ms, first.parcel)) == (waiting[0] if waiting else None)
                    if first is not None:
                        spool.done()
                        waiting.pop(0)
            else:
                spool.close()
                if what == "torn":  # killed in the middle of writing an entry that nobody was told of
                    other = Spool(folder, ROOMY)
                    assert other.append(at_ms + 1, entry(at_ms + 1, [os.urandom(60)])) == ""
                    other.close()
                    last = max(folder.glob("*.spool"))
                    os.truncate(last, last.stat().st_size - int(argument))  # type: ignore[call-overload]
                spool = Spool(folder, limit)
            assert spool.wait(0) == bool(waiting)
            assert spool.samples == sum(parcel.samples for _, parcel in waiting)
            assert spool.oldest_ms == (waiting[0][0] if waiting else None)
            assert spool.newest_ms == newest_ms
            assert spool.size_bytes == sum(path.stat().st_size for path in folder.glob("*.spool"))
        while (first := spool.first()) is not None:
            assert (first.at_ms, first.parcel) == waiting.pop(0)
            spool.done()
        assert waiting == []
        assert spool.size_bytes < 100_000
        spool.close()


def test_a_disk_without_room_is_told_and_leaves_what_was_there(tmp_path: Path) -> None:
    """A limit on the size of files ends a write in its middle, as a full disk does."""
    spool = Spool(tmp_path, ROOMY)
    assert spool.append(1, entry(1, [b"kept"])) == ""
    segment = next(tmp_path.glob("*.spool"))
    content = segment.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(content) + 9, hard))
    try:
        said = spool.append(2, entry(2, [b"not kept"]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert said == "File too large"
    assert segment.read_bytes() == content
    assert (spool.newest_ms, spool.size_bytes) == (1, len(content))
    assert spool.append(3, entry(3, [b"kept, too"])) == ""
    bodies = []
    while (first := spool.first()) is not None:
        bodies.append(first.parcel.body)
        spool.done()
    spool.close()
    assert bodies == [b"kept", b"kept, too"]


def test_what_is_not_a_spool_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "00000001.spool"
    file.write_bytes(b"somebody's own notes, which are long enough")
    with pytest.raises(InputError, match="not a spool of crybsim; name another folder"):
        Spool(tmp_path, ROOMY)
    assert file.read_bytes() == b"somebody's own notes, which are long enough"


def test_a_folder_is_for_one_at_a_time(tmp_path: Path) -> None:
    with (
        held(tmp_path / "new" / "one", flag="--spool"),
        pytest.raises(InputError, match=r"--spool: .*: another crybsim is using it; name another folder"),
        held(tmp_path / "new" / "one", flag="--spool"),
    ):
        pass
    with held(tmp_path / "new" / "one", flag="--spool"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write there: "), held(tmp_path / "file", flag="--spool"):
        pass


def test_each_receiver_has_its_own_place() -> None:
    home = {"HOME": "/home/me"}
    places = {
        state_folder(environment, *what)
        for environment in (home, {**home, "XDG_STATE_HOME": "/state"})
        for what in (("emit", "a", ""), ("backfill", "a", ""), ("emit", "b", ""), ("emit", "a", "1/2"))
    }
    assert len(places) == 8
    assert {str(place.parent) for place in places} == {
        "/home/me/.local/state/crybsim/remote-write",
        "/state/crybsim/remote-write",
    }
