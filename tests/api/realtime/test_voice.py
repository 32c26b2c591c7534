"""Voice over sockets, with python-socketio's own clients."""

from __future__ import annotations

import jwt
import pytest

from simulator.profile.schema import Fault
from tests.api.realtime.conftest import eventually


@pytest.fixture
def voiced(make_live):
    """The API of a run with voice load, and the id of a voice channel that everybody may join."""
    live = make_live(scenarios=("http", "socketio", "voice"))
    return live, live.channel(kind="VOICE").id


def test_the_servers_room_hears_who_joins_mutes_and_leaves(voiced):
    live, channel = voiced
    talker, watcher = live.connect(3), live.connect(4)
    server = live.app.platform.store.seeded_servers[0].id
    watcher.call("server:join", {"serverId": server})
    answer = talker.call("voice:join", {"channelId": channel})
    joined = talker.wait("voice:joined")
    assert joined == {"channel_id": channel, "session_id": answer["sessionId"]}
    state = watcher.wait("voice:state_update")
    wanted = {"userId", "channelId", "serverId", "muted", "deafened", "selfMute", "selfDeaf", "suppress", "sessionId"}
    assert wanted | {"joinedAt"} <= set(state)
    assert (state["userId"], state["channelId"], state["serverId"]) == (live.user_id(3), channel, server)
    assert live.total("cryb_voice_calls_active", type="voice") == 1
    talker.io.emit("voice:state_update", {"selfMute": True})
    assert watcher.wait("voice:state_update", times=2)["selfMute"] is True
    live.clock.advance(5_000)
    talker.call("voice:leave")
    assert talker.wait("voice:left") == {"channel_id": channel}
    assert watcher.wait("voice:state_update", times=3)["channel_id"] is None
    assert live.total("cryb_voice_calls_total", type="voice") == 1
    assert live.total("cryb_voice_calls_active") == 0


def test_clients_with_webrtc_hear_each_other_in_the_channel(voiced):
    live, channel = voiced
    first, second, outsider = live.connect(3), live.connect(4), live.connect(5)
    first.call("voice:join_channel", {"channelId": channel})
    second.call("voice:join_channel", {"channelId": channel, "capabilities": {"video": True}})
    told = second.wait("voice:joined")
    assert told["serverInfo"]["currentParticipants"] == 2
    assert told["liveKitUrl"] == "ws://127.0.0.1:7880"
    claims = jwt.decode(
        told["liveKitToken"],
        live.app.platform.voice.livekit.secret,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert claims["video"]["room"] == told["roomName"] == f"channel_{channel}"
    assert first.wait("voice:participant_joined")["userId"] == live.user_id(4)
    second.io.emit("voice:speaking_state", {"speaking": True})
    speaks = {"userId": live.user_id(4), "speaking": True, "channelId": channel}
    assert first.wait("voice:speaking_update") == speaks
    second.io.emit("voice:update_state", {"selfMute": True})
    state = first.wait("voice:state_updated")
    assert (state["userId"], state["state"]) == (live.user_id(4), {"selfMute": True})
    second.io.emit("webrtc:offer", {"targetUserId": live.user_id(3), "offer": {"sdp": "v=0"}})
    assert first.wait("webrtc:offer") == {"channelId": channel, "offer": {"sdp": "v=0"}, "fromUserId": live.user_id(4)}
    second.call("screenshare:start", {"source": "window"})
    assert second.wait("screenshare:start_success")["source"] == "window"
    assert first.wait("screenshare:started")["userId"] == live.user_id(4)
    second.call("screenshare:stop")
    assert first.wait("screenshare:stopped")["userId"] == live.user_id(4)
    second.call("voice:leave_channel")
    assert first.wait("voice:participant_left") == {"userId": live.user_id(4), "channelId": channel}
    outsider.settle()
    assert not [name for name, _ in outsider.heard if name.startswith(("voice:", "webrtc:", "screenshare:"))]
    assert not second.all("voice:speaking_update")
    assert live.total("cryb_voice_calls_total", type="video") == 1
    assert live.total("cryb_voice_calls_total", type="screen_share") == 1


def test_what_is_told_of_quality_is_answered_as_the_contract_has_it(voiced):
    live, channel = voiced
    client = live.connect(3)
    client.call("voice:join", channel)
    client.call("voice:quality_report", {"jitter": 4, "packetLoss": 0.5, "rtt": 60, "audioLevel": 0.4})
    good = {"jitter": 4, "packetLoss": 0.5, "rtt": 60, "mosScore": 4.2, "networkType": "wifi"}
    for _ in range(4):
        client.call("voice:quality_analytics", good)
    client.call("voice:quality_analytics", {**good, "packetLoss": 10.1})
    assert client.wait("voice:quality_alert")["severity"] == "medium"
    client.call("voice:quality_analytics", {**good, "qualityScore": 1.9})
    assert client.wait("voice:quality_alert", times=2)["severity"] == "high"
    client.settle()
    assert client.all("voice:quality_warning") == []  # the mean of seven samples is still good
    for _ in range(10):
        client.call("voice:quality_analytics", {**good, "packetLoss": 6})
    client.settle()
    assert len(client.all("voice:quality_warning")) == 1
    assert len(client.all("voice:quality_alert")) == 2
    client.call("voice:leave")
    assert live.total("cryb_voice_calls_poor_quality_total", type="voice") == 1
    assert live.total("cryb_audio_packet_loss_percent_count", codec="opus", connection_type="wifi") == 16


def test_refusals_are_voice_errors(voiced):
    live, channel = voiced
    client = live.connect(7)
    text, foreign = live.channel().id, live.channel(server=1, kind="VOICE").id
    for wanted, code in ((text, "INVALID_CHANNEL"), ("nowhere", "INVALID_CHANNEL"), (foreign, "FORBIDDEN")):
        assert client.call("voice:join", {"channelId": wanted})["code"] == code
    assert client.call("voice:leave")["success"] is False
    live.app.platform.store.channels.get(channel).user_limit = 1
    live.connect(4).call("voice:join", channel)
    assert client.call("voice:join", channel)["code"] == "JOIN_FAILED"
    client.settle()
    assert len(client.all("voice:error")) == 5
    assert client.all("error") == []
    client.io.emit("voice:ping")
    assert "timestamp" in client.wait("voice:pong")


def test_the_owner_mutes_and_puts_out(voiced):
    live, channel = voiced
    owner, other, third = live.connect(1), live.connect(3), live.connect(4)
    for client in (other, third):
        client.call("voice:join", channel)
    target = {"channelId": channel, "targetUserId": live.user_id(3)}
    assert third.call("voice:kick_participant", target)["code"] == "FORBIDDEN"
    owner.call("voice:mute_participant", {**target, "reason": "noise"})
    assert other.wait("voice:server_muted")["reason"] == "noise"
    assert third.wait("voice:participant_muted")["userId"] == live.user_id(3)
    owner.call("voice:kick_participant", target)
    assert other.wait("voice:kicked")["channelId"] == channel
    assert live.app.platform.voice.rooms.participants == 1


def test_a_call_ends_with_its_socket_and_http_is_told_to_sockets(voiced):
    live, channel = voiced
    watcher, talker = live.connect(4), live.connect(3)
    watcher.call("server:join", {"serverId": live.app.platform.store.seeded_servers[0].id})
    talker.call("voice:join", channel)
    talker.io.disconnect()
    eventually(lambda: live.app.platform.voice.rooms.participants == 0, "the call is over")
    assert live.total("cryb_voice_calls_poor_quality_total") == 0  # hanging up is not a bad connection
    with live.http() as http:
        mine = live.headers(5)
        http.post(f"/api/v1/voice/channels/{channel}/join", json={}, headers=mine)
        assert watcher.wait("voiceStateUpdate")["userId"] == live.user_id(5)
        http.post(f"/api/v1/voice/channels/{channel}/leave", headers=mine)
        assert watcher.wait("voiceStateDelete")["userId"] == live.user_id(5)


def test_an_outage_that_cuts_sockets_ends_no_call(voiced):
    live, channel = voiced
    talker = live.connect(3)
    talker.call("voice:join", channel)
    outage = Fault.model_validate({"id": "down", "kind": "outage", "at": "0", "for": "10m"})
    live.app.platform.faults.override(outage)
    live.run(live.gate.close())
    live.run(live.app.realtime.drop_all())
    assert talker.over.wait(30)
    assert live.app.platform.voice.rooms.participants == 1
    live.app.platform.faults.lift("down")
    live.run(live.gate.open())
    again = live.connect(3)
    again.call("voice:join", channel)
    again.call("voice:leave")
    assert live.total("cryb_voice_calls_total", type="voice") == 1
