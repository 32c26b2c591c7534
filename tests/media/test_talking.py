"""Talk spurts, and the packets of those who talk."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from simulator.media.batches import Batch, address_of
from simulator.media.messages import Join, Talk
from simulator.media.sessions import Sessions
from simulator.media.talking import (
    PAUSE_SECONDS,
    PAYLOAD_BYTES,
    QUIET_FRAMES,
    QUIET_PAYLOAD_BYTES,
    TALK_SECONDS,
    fill,
)
from simulator.wire.rtp import RtpPacket, decode_rtp

RELAY = ("127.0.0.1", 50_000)


def spoken(sessions: Sessions, frames: range) -> list[tuple[int, RtpPacket]]:
    """What all sessions say in these frames, with each packet's frame."""
    out = Batch(64).out
    senders = np.zeros(64, np.int64)
    everybody = np.array([session.place for session in sessions.by_name.values()], np.int64)
    found = []
    for frame in frames:
        count = fill(everybody, len(everybody), frame, sessions.speakers, out, senders)
        for at in range(count):
            assert address_of(int(out.addresses[at, 0])) == ("127.0.0.1", 50_000)
            found.append((frame, decode_rtp(out.data[at, : int(out.lengths[at])].tobytes())))
    return found


def one_session(talk: Talk, *, muted: bool = False, ssrc: int = 9) -> Sessions:
    sessions = Sessions(seed=3)
    sessions.join(Join(session="s", relay="127.0.0.1:50000", room="r", ssrc=ssrc, talk=talk, muted=muted), RELAY, 0)
    sessions.speakers["away"] = 0  # as if the relay had answered
    return sessions


def test_who_always_talks_sends_a_packet_a_frame() -> None:
    packets = spoken(one_session(Talk.ALWAYS), range(70_000, 70_100))
    assert [frame for frame, _ in packets] == list(range(70_000, 70_100))
    first = packets[0][1]
    for number, (_, packet) in enumerate(packets):
        assert packet.sequence == (first.sequence + number) & 0xFFFF
        assert packet.timestamp == (first.timestamp + 960 * number) & 0xFFFF_FFFF
        assert packet.ssrc == 9
        assert packet.marker == (number == 0)
        assert len(packet.payload) == PAYLOAD_BYTES
        assert packet.payload[0] == 0x78


@pytest.mark.parametrize(("talk", "muted"), [(Talk.LISTENS, False), (Talk.ALWAYS, True), (Talk.SPURTS, True)])
def test_who_listens_or_is_muted_sends_nothing(talk: Talk, muted: bool) -> None:
    assert spoken(one_session(talk, muted=muted), range(500)) == []


def test_a_spurt_begins_with_the_marker_and_a_pause_has_a_small_packet_every_400_ms() -> None:
    packets = spoken(one_session(Talk.SPURTS), range(20_000))
    assert {len(packet.payload) for _, packet in packets} == {PAYLOAD_BYTES, QUIET_PAYLOAD_BYTES}
    for (frame, packet), (next_frame, following) in pairwise(packets):
        assert following.sequence == (packet.sequence + 1) & 0xFFFF
        assert following.timestamp == (packet.timestamp + 960 * (next_frame - frame)) & 0xFFFF_FFFF
        loud, was_loud = (len(one.payload) == PAYLOAD_BYTES for one in (following, packet))
        if not loud:
            assert next_frame - frame == QUIET_FRAMES
        if loud and not was_loud:
            assert following.marker
        if loud and was_loud and next_frame == frame + 1 and following.marker:
            pytest.fail("a marker within a spurt")


def test_spurts_and_pauses_last_as_in_p59() -> None:
    """Means of 32 speakers over 800 s each: within 4 %, some three standard errors of the 10,000 spurts drawn."""
    sessions = Sessions(seed=5)
    for ssrc in range(1, 33):
        sessions.join(Join(session=f"s{ssrc}", relay="127.0.0.1:50000", room="r", ssrc=ssrc), RELAY, 0)
    sessions.speakers["away"] = 0
    everybody = np.array([session.place for session in sessions.by_name.values()], np.int64)
    out, senders, frames = Batch(64).out, np.zeros(64, np.int64), 40_000
    for frame in range(frames):
        fill(everybody, 32, frame, sessions.speakers, out, senders)
    packets, octets = int(sessions.speakers["packets"].sum()), int(sessions.speakers["octets"].sum())
    loud = (octets - QUIET_PAYLOAD_BYTES * packets) / (PAYLOAD_BYTES - QUIET_PAYLOAD_BYTES)
    spurts = int(sessions.speakers["spurts"].sum())
    assert loud * 0.02 / spurts == pytest.approx(TALK_SECONDS, rel=0.04)
    assert (32 * frames - loud) * 0.02 / spurts == pytest.approx(PAUSE_SECONDS, rel=0.04)
